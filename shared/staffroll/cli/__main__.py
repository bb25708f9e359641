"""``python -m staffroll.cli``, for children that must run in the same interpreter."""

from __future__ import annotations

from staffroll.cli import main

main(prog_name="staffroll")
