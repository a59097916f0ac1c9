"""Who may upload, and which uploads they may look at."""

from __future__ import annotations

from starlette.requests import Request

from craton.jobs.upload import Upload
from craton.model.errors import NotFoundError
from craton.web.identity_check import forbidden, unauthorised
from craton.web.site import Site
from craton.web.uploads_desk import UploadDesk

UPLOADERS = frozenset({"manager", "geologist"})


def desk_of(site: Site) -> UploadDesk:
    """The desk that takes uploads; `NotFoundError` where the node takes none."""
    if site.desk is None:
        raise NotFoundError("this node takes no uploads")
    return site.desk


def uploader(site: Site) -> None:
    """Refuse who may not upload."""
    if site.actor.role not in UPLOADERS:
        words = "only geologists and managers upload data"
        raise forbidden(words) if site.is_named else unauthorised(words)


def upload_of(site: Site, request: Request) -> Upload:
    """The upload that the address names, if who asks may look at it."""
    uploader(site)
    return desk_of(site).get(site.actor, request.path_params["upload"])
