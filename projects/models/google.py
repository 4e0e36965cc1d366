"""What the settings say about Google, as the client's own plain value."""

from django.conf import settings

from projects.veo.setup import Setup


def google_setup() -> Setup:
    """Read anew each time: cheap, and tests change settings."""
    return Setup(
        demo=settings.DEMO,
        api_key=settings.GEMINI_API_KEY,
        key_style=settings.GEMINI_KEY_STYLE,
        oauth_token=settings.GEMINI_OAUTH_TOKEN,
        credentials_file=settings.GOOGLE_APPLICATION_CREDENTIALS,
        project=settings.GOOGLE_CLOUD_PROJECT,
        quota_project=settings.GOOGLE_CLOUD_QUOTA_PROJECT,
        location=settings.GOOGLE_CLOUD_LOCATION,
        gemini_base_url=settings.GOOGLE_GEMINI_BASE_URL,
        gemini_version=settings.GEMINI_API_VERSION,
        vertex_base_url=settings.GOOGLE_VERTEX_BASE_URL,
        vertex_storage=settings.VERTEX_STORAGE,
    )
