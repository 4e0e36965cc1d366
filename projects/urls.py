"""Addresses of the app. Fragments have addresses of their own, so that no cache mixes them up with pages."""

from django.contrib.auth.views import LogoutView
from django.urls import include, path, register_converter

from projects.views import accounts, clips, decisions, directing, google, health, media, pictures, projects


class RatioConverter:
    regex = "|".join(pictures.RATIOS)

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(RatioConverter, "ratio")

account_urls = [
    # /accounts/
    path("login/", accounts.LoginView.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("password_change/", accounts.PasswordChangeView.as_view(), name="password_change"),
]

project_urls = [
    # /projects/<id>/
    path("", projects.detail, name="project_detail"),
    path("rename/", projects.rename, name="project_rename"),
    path("delete/", projects.delete, name="project_delete"),
    path("clips/", clips.create, name="clip_create"),
    path("options/", clips.options, name="clip_options"),
    path("pictures/", pictures.upload, name="picture_upload"),
]

clip_urls = [
    # /clips/<id>/
    path("", clips.detail, name="clip_detail"),
    path("live/", clips.live, name="clip_live"),
    path("video.mp4", media.video, name="clip_video"),
    path("poster.jpg", media.poster, name="clip_poster"),
    path("download/", media.download, name="clip_download"),
    path("cancel/", decisions.cancel, name="clip_cancel"),
    path("again/", decisions.again, name="clip_again"),
    path("continue/", directing.go_on, name="clip_continue"),
    path("fetch/", decisions.fetch, name="clip_fetch"),
    path("look/", decisions.look, name="clip_look"),
    path("attach/", decisions.attach, name="clip_attach"),
    path("submit-again/", decisions.submit_again, name="clip_submit_again"),
    path("give-up/", decisions.give_up, name="clip_give_up"),
    path("delete/", decisions.delete, name="clip_delete"),
]

urlpatterns = [
    path("", projects.index, name="project_list"),
    path("accounts/", include(account_urls)),
    path("projects/new/", projects.create, name="project_create"),
    path("projects/<uuid:pk>/", include(project_urls)),
    path("clips/poll/", clips.poll, name="clip_poll"),
    path("clips/<uuid:pk>/", include(clip_urls)),
    path("pictures/<uuid:pk>/<ratio:ratio>.jpg", pictures.crop, name="picture_crop"),
    path("google/", google.status, name="google_status"),
    path("theme/", accounts.theme, name="theme"),
    path("healthz", health.healthz, name="healthz"),
]
