"""Hits: assets, models and workflows, as the API sends them.

Field names are the documentation's, in snake case; units and meanings are the API's own.
Fields that the documentation calls required are annotated as documented (``url: str``), so
that code reads naturally; where a server leaves one out, its value is ``None`` (or an error,
with ``strict=True``). All else is ``T | None``. Lists are never ``None``.

Source: the Search API's reference, Asset Search and Model Search; workflows as in
scenario-sdk 2.4.0.
"""

from __future__ import annotations

import warnings
from datetime import datetime
from typing import Any, ClassVar

import attrs

from scenario_search.display.cards import (
    Card,
    Facts,
    described,
    dimensions,
    first_text,
    joined,
    listed,
    minute,
    ratio,
)
from scenario_search.text import clean, file_size, number
from scenario_search.wire.document import (
    REQUIRED,
    Document,
    documented,
    documented_list,
    unknown_fields,
)
from scenario_search.wire.renditions import Rendition, url_expires_at
from scenario_search.wire.signatures import takes

__all__ = [
    "ComplianceMetadata",
    "Concept",
    "Hit",
    "Metadata",
    "MetadataThumbnail",
    "SearchAssetSearchResponse",
    "SearchModelSearchResponse",
    "SearchWorkflowSearchResponse",
    "Thumbnail",
]

_SHOWN_UNKNOWN = 5
_SHOWN = Rendition(height=400, format="webp", quality=80)
_PICTURE_KINDS = {"image", "image-hdr", "canvas"}
_WIDE_KINDS = {"text", "audio"}


@attrs.define(kw_only=True, eq=False, repr=False)
class MetadataThumbnail(Document):
    """The thumbnail of a canvas."""

    asset_id: str = documented()
    """The id of the asset that serves as the thumbnail."""


@attrs.define(kw_only=True, eq=False, repr=False)
class Thumbnail(Document):
    """A preview picture."""

    asset_id: str = documented()
    """The id of the asset that serves as the preview."""
    url: str = documented()
    """The preview's signed URL. It expires; any change to its query string breaks it."""


class _ModelIdAlias:
    """The name that scenario-sdk gives ``model_id``."""

    __slots__ = ()
    model_id: Any

    @property
    def api_model_id(self) -> str | None:
        """Deprecated: scenario-sdk's name for ``model_id``."""
        warnings.warn(
            "api_model_id is scenario-sdk's name: use model_id", DeprecationWarning, stacklevel=2
        )
        value: str | None = self.model_id
        return value


@attrs.define(kw_only=True, eq=False, repr=False)
class Metadata(Document, _ModelIdAlias):
    """An asset's type, properties and generation parameters. Every field may be absent."""

    aspect_ratio: str | None = None
    """Such as ``"1:1"`` or ``"16:9"``."""
    base_model_id: str | None = None
    """The model below the one that was used."""
    guidance: float | None = None
    """How closely the prompt was followed."""
    height: float | None = None
    """Pixels; an ``int`` wherever the server sends an integral number."""
    kind: str | None = None
    """``"image"``, ``"video"``, ``"audio"``, ``"3d"`` and more: an open set."""
    model_id: str | None = None
    """The model that made the asset."""
    model_type: str | None = None
    """That model's type, such as ``"flux.1"``."""
    name: str | None = None
    """The name a user gave it."""
    negative_prompt: str | None = None
    """What the generation was told to avoid."""
    negative_prompt_strength: float | None = None
    """The weight of ``negative_prompt`` (Flux models)."""
    num_inference_steps: float | None = None
    """The number of inference steps."""
    parent_job_id: str | None = None
    """The job that made the asset."""
    prompt: str | None = None
    """The text the asset was made from."""
    scheduler: str | None = None
    """The scheduler's name."""
    seed: str | None = None
    """The random seed, as text."""
    size: float | None = None
    """Bytes of the file; an ``int`` wherever the server sends an integral number."""
    text: str | None = None
    """The text that was spoken, for speech."""
    thumbnail: MetadataThumbnail | None = None
    """The thumbnail of a canvas."""
    type: str | None = None
    """Such as ``"inference-txt2img"``, ``"canvas"`` or ``"upload"``: an open set."""
    width: float | None = None
    """Pixels; an ``int`` wherever the server sends an integral number."""

    @property
    def api_model_type(self) -> str | None:
        """Deprecated: scenario-sdk's name for ``model_type``."""
        warnings.warn(
            "api_model_type is scenario-sdk's name: use model_type",
            DeprecationWarning,
            stacklevel=2,
        )
        return self.model_type


@attrs.define(kw_only=True, eq=False, repr=False)
class Concept(Document, _ModelIdAlias):
    """A model that another model is composed of."""

    model_id: str = documented()
    """The source model's id."""


@attrs.define(kw_only=True, eq=False, repr=False)
class ComplianceMetadata(Document):
    """Who provides and runs a model, and on what terms."""

    sub_processor: str | None = None
    """The provider of the machines."""
    model_provider: str | None = None
    """The maker of the model."""
    maintainer: str | None = None
    """Who maintains the model."""
    license_terms: str | None = None
    """The URL of the licence."""
    data_processing_comment: str | None = None
    """How long data is kept."""


@attrs.define(kw_only=True, eq=False, repr=False)
class Hit(Document):
    """The common base of assets, models and workflows.

    Hits compare by value and are mutable, so they are not hashable: use their ``id`` as
    a key, as in ``{hit.id: hit for hit in page.hits}``.
    """

    _plural: ClassVar[str] = "hits"

    id: str
    """The one field that is always there."""
    author_id: str = documented()
    """The user who made it."""
    collection_ids: list[str] = documented_list()
    """The collections that hold it."""
    created_at: str = documented()
    """When it was made: ISO 8601 text in UTC, such as ``"2025-01-16T11:19:41.579Z"``."""
    owner_id: str = documented()
    """The project that owns it."""
    privacy: str = documented()
    """``"public"``, ``"private"`` or ``"unlisted"``."""
    tags: list[str] = documented_list()
    """The tags users gave it."""
    team_id: str | None = attrs.field(default=None, metadata={REQUIRED: True})
    """The team that owns the project; many servers leave it out."""
    updated_at: str = documented()
    """When it was last changed: ISO 8601 text in UTC."""
    score: float | None = None
    """Popularity: higher is more used."""
    thumbnail: Thumbnail | None = None
    """A preview picture."""

    def _card(self) -> Card:
        """Returns what is shown of it."""
        return Card(
            of=type(self).__name__,
            id=self.id,
            title=clean(self.id, 80),
            kind="",
            record=(clean(self.privacy, 20), minute(self.created_at)),
            details=self._details(("tags", listed(self._tags()))),
            facts=self._facts(),
            tags=self._tags(),
            pictures=_urls(self.thumbnail),
        )

    def _facts(self, *own: tuple[str, object]) -> Facts:
        created = minute(self.created_at)
        return described(("id", self.id), *own, ("privacy", self.privacy), ("created", created))

    def _details(self, *own: tuple[str, object]) -> Facts:
        return (*described(*own), *self._unknown())

    def _tags(self) -> tuple[str, ...]:
        """Returns its tags as clean text, each once."""
        return tuple(dict.fromkeys(filter(None, (clean(tag, 40) for tag in self.tags[:40]))))

    def _unknown(self) -> Facts:
        """Returns the fields that the documentation does not name: the first with their values."""
        unknown = list(unknown_fields(self).items())
        first = ((f"extra {name}", repr(value)) for name, value in unknown[:_SHOWN_UNKNOWN])
        return described(*first, ("extra", ", ".join(name for name, _ in unknown[_SHOWN_UNKNOWN:])))

    def __repr__(self) -> str:
        """Returns a few lines about it; :meth:`to_dict` returns all of it."""
        from scenario_search.display.lines import card_text  # noqa: PLC0415 - only when shown

        return card_text(self._card())

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        """Prints the hit in IPython, in a line where it stands among others."""
        from scenario_search.display.lines import card_line  # noqa: PLC0415 - only IPython does

        printer.text(card_line(self._card()) if len(printer.stack) > 1 else repr(self))

    def _repr_html_(self) -> str:
        """Returns the hit's card, for notebooks."""
        from scenario_search.display.gallery import card_html  # noqa: PLC0415 - only notebooks do

        return card_html(self._card())


def _urls(*thumbnails: Thumbnail | None) -> tuple[str, ...]:
    return tuple(_small(thumbnail.url) for thumbnail in thumbnails if thumbnail is not None)


def _small(url: str) -> str:
    """Returns the URL of a picture of about the size that cards show on a screen of high density.

    Where it cannot be changed, the URL stays as it is.
    """
    return _SHOWN.url(url) or url


@attrs.define(kw_only=True, eq=False, repr=False)
class SearchAssetSearchResponse(Hit):
    """An asset, such as an image, a video, a sound, a 3D object or a text."""

    _plural = "assets"

    metadata: Metadata = attrs.field(factory=Metadata, metadata={REQUIRED: True})
    """What it is and how it was made; empty where the server sends none."""
    mime_type: str = documented()
    """Such as ``"image/png"``."""
    nsfw: list[str] = documented_list()
    """The labels of unsafe content that were detected; empty means none."""
    url: str = documented()
    """The file's signed URL. It expires; any change to its query string breaks it."""
    content: str | None = None
    """The text of a text asset, or the start of it."""
    description: str | None = None
    """A caption: a user's, or one that was generated."""
    transcription: str | None = None
    """What is said in a sound."""

    @property
    def url_expires_at(self) -> datetime | None:
        """The time at which ``url`` expires, in UTC; ``None`` if the URL does not contain it."""
        return url_expires_at(self.url)

    @takes(Rendition)
    def rendition(self, **options: Any) -> str | None:
        """Returns the URL of a smaller or converted copy of the picture, created on request.

        The method sends no request itself. The URL expires when ``url`` does.

        Args:
            options: The options.

        Returns:
            The URL, or ``None`` if the asset is not a picture or its URL cannot be changed, such
            as that of an original.

        Raises:
            InvalidParamsError: A parameter has a value that the CDN does not support.
        """
        url = Rendition(**options).url(self.url)
        return url if self._is_picture() else None

    def _is_picture(self) -> bool:
        return self._kind() in _PICTURE_KINDS or str(self.mime_type).startswith("image/")

    def _card(self) -> Card:
        data = self.metadata
        kind = self._kind()
        pixels, size = dimensions(data.width, data.height), file_size(data.size)
        model = self._model()
        speech = self.transcription or data.text
        unsafe = listed(self.nsfw[:10])
        return attrs.evolve(
            super()._card(),
            title=first_text(data.name, data.prompt, self.description, data.text, self.id),
            kind=kind,
            summary=tuple(filter(None, (joined(pixels, size), model))),
            tooltip=first_text(data.prompt, self.description, most=400),
            details=self._details(
                ("prompt", data.prompt),
                ("says", speech),
                ("caption", "" if data.prompt else self.description),
                ("content", self.content),
                ("unsafe", unsafe),
                ("tags", listed(self._tags())),
                ("url", self.url),
            ),
            facts=self._facts(
                ("kind", joined(kind, clean(data.type, 60))),
                ("size", joined(pixels, size)),
                ("model", joined(model, clean(data.model_id, 60))),
                ("prompt", data.prompt),
                ("not", data.negative_prompt),
                ("seed", data.seed),
                ("says", speech),
                ("caption", self.description),
                ("unsafe", unsafe),
            ),
            url=self.url,
            ratio=ratio(data.width, data.height, 1.4 if kind in _WIDE_KINDS else 1.0),
            pictures=(
                *_urls(self.thumbnail),
                _small(self.url) if kind in _PICTURE_KINDS else None,
            ),
            player=kind,
            words=(speech or data.prompt or "")
            if kind == "audio"
            else (self.content or data.text or self.description or ""),
            unsafe=tuple(self.nsfw[:10]),
        )

    def _kind(self) -> str:
        """Returns its kind, else the start of its MIME type."""
        mime_type = clean(self.mime_type, 40).partition("/")[0]
        return clean(self.metadata.kind, 40) or {"model": "3d"}.get(mime_type, mime_type)

    def _model(self) -> str:
        """Returns the name of the model that made it, as well as the asset knows it."""
        data = self.metadata
        for value in (data.model_type, data.base_model_id):
            if (text := clean(value, 60)) and text != "custom":
                return text
        return first_text(data.base_model_id, data.model_id, most=60)


@attrs.define(kw_only=True, eq=False, repr=False)
class SearchModelSearchResponse(Hit):
    """A model."""

    _plural = "models"

    capabilities: list[str] = documented_list()
    """What it can do, such as ``"txt2img"``: an open set."""
    concepts: list[Concept] = documented_list()
    """The models it is composed of."""
    example_asset_ids: list[str] = documented_list()
    """The assets that show what it makes."""
    name: str = documented()
    """The name people see."""
    short_description: str = documented()
    """A line about it."""
    source: str = documented()
    """Where it comes from, such as ``"training"`` or ``"import"``."""
    training_images_number: float = documented()
    """How many pictures it was trained on."""
    type: str = documented()
    """Such as ``"flux.1-lora"``."""
    compliance_metadata: ComplianceMetadata | None = None
    """Who provides and runs it, and on what terms."""
    parent_model_id: str | None = None
    """The model it was made from."""

    def _card(self) -> Card:
        trained = number(self.training_images_number)
        provider = self.compliance_metadata and self.compliance_metadata.model_provider
        return attrs.evolve(
            super()._card(),
            title=first_text(self.name, self.short_description, self.id),
            kind=clean(self.type, 40),
            summary=tuple(filter(None, [listed(self.capabilities[:3], 30)])),
            about=self.short_description,
            details=self._details(
                ("about", self.short_description), ("tags", listed(self._tags()))
            ),
            facts=self._facts(
                ("type", self.type),
                ("does", listed(self.capabilities[:12])),
                ("made by", self.source),
                ("trained on", f"{trained:,.0f} images" if trained else ""),
                ("provider", provider),
                ("examples", len(self.example_asset_ids) or ""),
            ),
            missing="no examples",
        )


@attrs.define(kw_only=True, eq=False, repr=False)
class SearchWorkflowSearchResponse(Hit):
    """A workflow."""

    _plural = "workflows"

    description: str = documented()
    """What it does, at length."""
    name: str = documented()
    """The name people see."""
    status: str = documented()
    """Such as ``"ready"``, ``"draft"`` or ``"deleted"``."""
    after: Thumbnail | None = None
    """A picture of what comes out."""
    before: Thumbnail | None = None
    """A picture of what goes in."""
    short_description: str | None = None
    """A line about it."""

    def _card(self) -> Card:
        created = minute(self.created_at)
        return attrs.evolve(
            super()._card(),
            title=first_text(self.name, self.short_description, self.id),
            kind=clean(self.status, 40),
            summary=(created,) if created else (),
            about=self.short_description or "",
            details=self._details(
                ("about", self.short_description or self.description),
                ("tags", listed(self._tags())),
            ),
            facts=self._facts(("status", self.status), ("about", self.description)),
            before_after=(_small(self.before.url), _small(self.after.url))
            if self.before is not None and self.after is not None
            else None,
        )
