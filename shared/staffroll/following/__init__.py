"""Services whose records follow accounts: use cases, what they hear, how they are wired."""

from staffroll.following.actions import Actions, Answer
from staffroll.following.here import Following

__all__ = ["Actions", "Answer", "Following"]
