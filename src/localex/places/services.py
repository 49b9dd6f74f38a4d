"""What changes safe places. Every function is complete within the caller's transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import UUID

from django.db import transaction

from localex.communities.queries import get_community
from localex.lib import clock
from localex.lib.errors import Conflict, NotFound
from localex.lib.locks import advisory_lock
from localex.places.cartography.drawing import DrawnMap, draw_map
from localex.places.gazetteer import FoundPlace, FoundPostcode, find_places, find_postcodes
from localex.places.models import MapSheet, Postcode, RetiredReason, SafePlace, State
from localex.places.osm import Progress, UnreadableExtract, read_extract
from localex.places.sheets import keep_sheet

BATCH = 500
MAX_PLACES = 50_000
RETIRE_SHARE = 0.5  # an import that would retire more than this share is more likely the wrong file
FEW_PLACES = 10

FIELDS = tuple(name for name in FoundPlace.__slots__ if name != "osm_ref")


class ImportWouldRetireMost(Conflict):
    """The extract lacks most of the places that are known: probably the wrong file. Nothing was changed."""

    code = "import_would_retire_most"


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did, in numbers of places unless the name says otherwise.

    `nameless` could not be called anything that people find, `doubles` were mapped twice; both are left out.
    """

    added: int
    updated: int
    unchanged: int
    retired: int
    nameless: int
    doubles: int
    postcode_count: int
    map_byte_count: int

    @property
    def active(self) -> int:
        """Places of the extract that can be proposed now."""
        return self.added + self.updated + self.unchanged


def import_places(
    *, community_id: UUID, path: Path | str, progress: Progress | None = None, may_retire_most: bool = False
) -> ImportReport:
    """Bring a community's safe places, postcodes and map up to date with the OpenStreetMap extract at `path`.

    Places are known again by their OpenStreetMap object: a second import updates, adds what is new and retires what
    has vanished; what a coordinator took out stays out. `progress(done, total or None, words)` is called now and then.
    Locks out other imports for this community until the transaction ends. Raises NotFound, UnreadableExtract, and
    ImportWouldRetireMost unless `may_retire_most`; then nothing has changed.
    """
    community = get_community(community_id=community_id)
    extract = read_extract(Path(path), progress=progress)
    found = find_places(extract)
    if not found.places or len(found.places) > MAX_PLACES:
        words = (
            "no safe places" if not found.places else f"more than {MAX_PLACES:,} safe places; cut out the town first"
        )
        raise UnreadableExtract(f"{Path(path).name} holds {words}.", kept="Nothing was changed.")
    _tell(progress, 0, len(found.places), "Drawing the map")
    drawn = draw_map(extract, title=community.area_name)
    keep_sheet(drawn)  # before the transaction, which must not wait for an object store
    postcodes = find_postcodes(extract)
    with transaction.atomic():
        advisory_lock(f"places.import:{community_id}")
        counts = _save_places(community_id, found.places, progress, may_retire_most=may_retire_most)
        _save_postcodes(community_id, postcodes)
        _save_sheet(community_id, drawn)
    _tell(progress, len(found.places), len(found.places), "Done")
    return ImportReport(
        **counts,
        nameless=found.nameless,
        doubles=found.doubles,
        postcode_count=len(postcodes),
        map_byte_count=len(drawn.svg),
    )


def retire_place(*, place_id: UUID) -> SafePlace:
    """Take a place out by hand; no import brings it back. Locks its row. Raises NotFound."""
    return _set_state(place_id, State.RETIRED, RetiredReason.UNSUITABLE)


def restore_place(*, place_id: UUID) -> SafePlace:
    """Bring a retired place back, as checked now. Locks its row. Raises NotFound."""
    return _set_state(place_id, State.ACTIVE, RetiredReason.NONE)


def _set_state(place_id: UUID, state: State, reason: RetiredReason) -> SafePlace:
    with transaction.atomic():
        place = SafePlace.objects.select_for_update().filter(pk=place_id).first()
        if place is None:
            raise NotFound("There is no such safe place.")
        place.state, place.retired_reason = state, reason
        place.checked_at = place.updated_at = clock.now()
        place.save(update_fields=["state", "retired_reason", "checked_at", "updated_at"])
    return place


def _tell(progress: Progress | None, done: int, total: int | None, words: str) -> None:
    if progress:
        progress(done, total, words)


def _save_places(
    community_id: UUID, found: Sequence[FoundPlace], progress: Progress | None, *, may_retire_most: bool
) -> dict[str, int]:
    known = {place.osm_ref: place for place in SafePlace.objects.filter(community_id=community_id).exclude(osm_ref="")}
    refs = {place.osm_ref for place in found}
    vanished = [place for ref, place in known.items() if ref not in refs and place.state == State.ACTIVE]
    _check_vanished(known.values(), vanished, may_retire_most=may_retire_most)
    added = [SafePlace(community_id=community_id, **asdict(place)) for place in found if place.osm_ref not in known]
    updated = [
        known[place.osm_ref] for place in found if place.osm_ref in known and _update(known[place.osm_ref], place)
    ]
    for place in vanished:
        place.state, place.retired_reason, place.updated_at = State.RETIRED, RetiredReason.VANISHED, clock.now()
    SafePlace.objects.bulk_create(added, batch_size=BATCH)
    changed = [*updated, *vanished]
    for start in range(0, len(changed), BATCH):
        _tell(progress, start, len(found), "Saving places")
        SafePlace.objects.bulk_update(
            changed[start : start + BATCH], [*FIELDS, "state", "retired_reason", "updated_at"], batch_size=BATCH
        )
    unchanged = len(found) - len(added) - len(updated)
    return {"added": len(added), "updated": len(updated), "unchanged": unchanged, "retired": len(vanished)}


def _check_vanished(known: Iterable[SafePlace], vanished: Sequence[SafePlace], *, may_retire_most: bool) -> None:
    active = sum(place.state == State.ACTIVE for place in known)
    if not may_retire_most and active >= FEW_PLACES and len(vanished) > RETIRE_SHARE * active:
        raise ImportWouldRetireMost(
            f"This extract lacks {len(vanished)} of the {active} safe places of this community. Is it the right file?",
            kept="Nothing was changed.",
        )


def _update(place: SafePlace, found: FoundPlace) -> bool:
    """Take over what the extract says; whether anything changed."""
    changes = {name: getattr(found, name) for name in FIELDS if getattr(place, name) != getattr(found, name)}
    if place.retired_reason == RetiredReason.VANISHED:
        changes |= {"state": State.ACTIVE, "retired_reason": RetiredReason.NONE}
    for name, value in changes.items():
        setattr(place, name, value)
    if changes:
        place.updated_at = clock.now()
    return bool(changes)


def _save_postcodes(community_id: UUID, found: Sequence[FoundPostcode]) -> None:
    rows = [Postcode(community_id=community_id, **asdict(postcode)) for postcode in found]
    Postcode.objects.bulk_create(
        rows,
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["community", "code"],
        update_fields=["latitude", "longitude"],
    )


def _save_sheet(community_id: UUID, drawn: DrawnMap) -> None:
    sheet = MapSheet.objects.select_for_update().filter(community_id=community_id).first()
    if sheet and sheet.key == drawn.key:
        return
    sheet = sheet or MapSheet(community_id=community_id)
    sheet.key, sheet.style_digest, sheet.byte_count = drawn.key, drawn.style_digest, len(drawn.svg)
    sheet.south, sheet.west, sheet.north, sheet.east = drawn.box.south, drawn.box.west, drawn.box.north, drawn.box.east
    sheet.width, sheet.height, sheet.drawn_at = drawn.width, drawn.height, clock.now()
    sheet.save()
