"""Addresses of the app. Fragments have addresses of their own, so that no cache mixes them up with pages."""

from django.contrib.auth.views import LogoutView
from django.urls import include, path, register_converter

from projects.views import (
    accounts,
    captions,
    chains,
    clips,
    decisions,
    directing,
    films,
    google,
    health,
    media,
    pictures,
    projects,
    renders,
    scripts,
    speakers,
    storyboard,
)


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
    path("script/", scripts.read, name="script_read"),
    path("speakers/", speakers.index, name="speaker_list"),
    path("speakers/<int:speaker_pk>/", speakers.edit, name="speaker_edit"),
    path("speakers/<int:speaker_pk>/delete/", speakers.delete, name="speaker_delete"),
    path("storyboard/", storyboard.page, name="storyboard"),
    path("storyboard/add/", storyboard.add, name="shot_add"),
    path("storyboard/live/", storyboard.live, name="storyboard_live"),
    path("storyboard/make/", storyboard.make, name="shots_make"),
    path("storyboard/film/", storyboard.film, name="storyboard_film"),
    path("films/", films.index, name="film_list"),
    path("films/new/", films.create, name="film_create"),
]

shot_urls = [
    # /shots/<id>/
    path("", storyboard.shot, name="shot_detail"),
    path("move/", storyboard.move, name="shot_move"),
    path("take/", storyboard.take, name="shot_take"),
    path("delete/", storyboard.delete, name="shot_delete"),
]

film_urls = [
    # /films/<id>/
    path("", films.detail, name="film_detail"),
    path("live/", films.live, name="film_live"),
    path("settings/", films.settings, name="film_settings"),
    path("add/", films.add, name="film_add"),
    path("cuts/<int:cut_pk>/", films.cut, name="film_cut"),
    path("delete/", films.delete, name="film_delete"),
    path("render/", renders.render, name="film_render"),
    path("cancel/", renders.cancel, name="film_cancel"),
    path("video.mp4", renders.video, name="film_video"),
    path("poster.jpg", renders.poster, name="film_poster"),
    path("download/", renders.download, name="film_download"),
    path("captions.vtt", renders.captions_vtt, name="film_captions"),
    path("captions.srt", renders.captions_srt, name="film_captions_srt"),
    path("edit.edl", renders.edl, name="film_edl"),
    path("timeline.otio", renders.otio, name="film_otio"),
    path("everything.zip", renders.bundle, name="film_bundle"),
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
    path("captions.vtt", captions.webvtt, name="clip_captions"),
    path("captions.srt", captions.srt, name="clip_captions_srt"),
    path("script.json", scripts.export, name="clip_script"),
    path("stop/", chains.stop, name="clip_stop"),
    path("keep/", chains.keep, name="clip_keep"),
    path("go-on/", chains.go_on, name="clip_go_on"),
    path("parts/<int:number>/video.mp4", media.part_video, name="part_video"),
]

urlpatterns = [
    path("", projects.index, name="project_list"),
    path("accounts/", include(account_urls)),
    path("projects/new/", projects.create, name="project_create"),
    path("projects/<uuid:pk>/", include(project_urls)),
    path("clips/poll/", clips.poll, name="clip_poll"),
    path("clips/<uuid:pk>/", include(clip_urls)),
    path("films/<uuid:pk>/", include(film_urls)),
    path("shots/<uuid:pk>/", include(shot_urls)),
    path("pictures/<uuid:pk>/<ratio:ratio>.jpg", pictures.crop, name="picture_crop"),
    path("google/", google.status, name="google_status"),
    path("theme/", accounts.theme, name="theme"),
    path("healthz", health.healthz, name="healthz"),
]
