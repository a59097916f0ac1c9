"""Documents: reports, pictures, licences, and every file that no other reader took, kept as they are."""

from __future__ import annotations

from collections.abc import Iterator

from craton.ingest.document_text import read_content
from craton.ingest.document_types import broken_promise, is_written, keywords, media_type
from craton.ingest.table_text import looks_like_text
from craton.model.data import Document, Draft
from craton.model.errors import RefusedError
from craton.process.readers import HEAD_BYTES, Source, reader


@reader("document", order=1000)
def read_document(source: Source) -> Iterator[Draft]:
    """One document a file, with the text a search may find in it.

    A file that is called like data but is not what its name says is refused,
    so that a broken data set never passes for a document.
    """
    if not source.path.is_file():
        raise RefusedError("unsupported", f"no reader takes the folder {source.name}")
    with source.path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    if not head:
        raise RefusedError(
            "empty", f"{source.path.name} has no content", hint="check the export that made it"
        )
    media = media_type(source.path.name, head, is_text=looks_like_text(head))
    promised = broken_promise(source.path.name, media)
    if promised:
        words = f"{source.path.name} is named {source.path.suffix} but is not {promised}, or is broken"
        raise RefusedError("corrupt", words, hint="copy or export it again, or give it its right name")
    content = read_content(source.path, media)
    draft = Draft(data=Document(text=content.text, media_type=media), kind="document", title=content.title)
    draft.keywords = keywords(source.path.name)
    draft.findings += content.findings
    if not is_written(source.path.name, media):
        draft.find("no-reader", message=media)
    yield draft
