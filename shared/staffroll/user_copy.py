"""What other places keep of a user whom accounts owns."""

from __future__ import annotations

from dataclasses import dataclass

from staffroll.events import UserState


@dataclass(frozen=True, slots=True)
class UserCopy:
    """What a follower keeps of a user's public state."""

    first_name: str = ""
    last_name: str = ""
    email: str = ""
    language: str = ""
    time_zone: str = ""
    roles: tuple[str, ...] = ()
    is_admin: bool = False
    status: str = ""
    locked: bool = False
    token_generation: int = 0

    @classmethod
    def of(cls, user: UserState) -> UserCopy:
        return cls(
            first_name=user.first_name,
            last_name=user.last_name,
            email=user.email,
            language=user.language,
            time_zone=user.time_zone,
            roles=tuple(user.roles),
            is_admin=user.is_admin,
            status=user.status,
            locked=user.locked,
            token_generation=user.token_generation,
        )

    @property
    def name(self) -> str:
        """As it is read out."""
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def is_active(self) -> bool:
        return self.status == "active"
