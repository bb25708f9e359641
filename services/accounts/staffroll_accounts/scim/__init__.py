"""SCIM 2.0 (RFC 7643, RFC 7644) at ``/scim/v2``: identity providers create users, change and
deactivate them, and give and take roles, which are groups there.

Like the API, it calls actions, so that no rule is bypassed; see ``docs/scim.md``.
"""
