"""Reading what an address or a hidden field holds, when garbage is as good as nothing."""

import uuid


def as_uuid(value: str | None) -> uuid.UUID | None:
    try:
        return uuid.UUID(value) if value else None
    except ValueError:
        return None
