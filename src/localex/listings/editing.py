"""Pages of listing an item: pictures first, then one short step at a time, then a look at the whole."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from localex.lib.errors import LocalExError, NotFound, Unprocessable
from localex.lib.ids import new_id
from localex.listings import queries, services
from localex.listings.drafting import describe_check, describe_new, describe_photos, describe_step
from localex.listings.errors import Incomplete
from localex.listings.forms import FORMS
from localex.listings.models import Direction, Listing
from localex.listings.rules import only
from localex.listings.states import State
from localex.listings.steps import Step, find_step, following
from localex.members.decorators import member_required
from localex.members.models import Member


def _direction(request: HttpRequest) -> str:
    asked = request.POST.get("direction") or request.GET.get("direction", "")
    return asked if asked in Direction.values else Direction.OFFER


@member_required
@require_safe
def new(request: HttpRequest) -> HttpResponse:
    """The first step of a draft that does not exist yet; it begins with the first picture or the first press."""
    actor: Member = request.member  # type: ignore[attr-defined]
    return render(request, "listings/photos.html", describe_new(actor, new_id(), _direction(request)))


@member_required
@require_safe
def edit(request: HttpRequest, listing_id: UUID) -> HttpResponse:
    """The whole listing with a way back to each step, and the button that publishes it."""
    listing = queries.access_own(actor=request.member, listing_id=listing_id)  # type: ignore[attr-defined]
    return render(request, "listings/check.html", describe_check(listing))


@member_required
@require_POST
def publish(request: HttpRequest, listing_id: UUID) -> HttpResponse:
    """Show the draft to everybody, or the whole listing again with what is missing."""
    actor: Member = request.member  # type: ignore[attr-defined]
    try:
        listing = services.publish_listing(actor=actor, listing_id=listing_id)
    except Incomplete as missing:
        listing = queries.access_own(actor=actor, listing_id=listing_id)
        return render(request, "listings/check.html", describe_check(listing, missing), status=missing.status)
    messages.success(request, "Your listing is on show. We tell you as soon as somebody makes an offer.")
    return redirect("listings:detail", listing_id=listing.pk)


@member_required
@require_http_methods(["GET", "HEAD", "POST"])
def step(request: HttpRequest, listing_id: UUID, slug: str) -> HttpResponse:
    """One step of the form: shows it, keeps what was typed, and goes on when the rules are content."""
    actor: Member = request.member  # type: ignore[attr-defined]
    found = find_step(slug)
    if found is None:
        raise NotFound("There is no such step.")
    listing = queries.access_own(actor=actor, listing_id=listing_id)
    if found.slug == "photos":
        return render(request, "listings/photos.html", describe_photos(listing))
    form = FORMS[found.slug](request.POST if request.method == "POST" else None, listing=listing, actor=actor)
    if request.method != "POST":
        return render(request, "listings/step.html", describe_step(listing, found, form))
    listing = _save(actor, listing, form)
    if request.headers.get("X-Autosave"):
        return HttpResponse(status=204)
    form.add_problems(only(queries.find_problems(listing), found.fields))
    if form.errors:
        return render(request, "listings/step.html", describe_step(listing, found, form), status=422)
    return _go_on(request, listing, found)


def _save(actor: Member, listing: Listing, form: Any) -> Listing:
    """Keep what could be read. What a rule refuses on a listing that others see is said beside the field."""
    form.is_valid()
    try:
        with transaction.atomic():
            changes = form.changes()
            point = form.point()
            if changes:
                listing = services.update_listing(actor=actor, listing_id=listing.pk, changes=changes)
            if point is not None:
                listing = services.set_location(actor=actor, listing_id=listing.pk, point=point)
    except Unprocessable as refusal:
        form.add_problems(refusal.fields)
        if not form.errors:
            form.add_error(None, refusal.message)
    return listing


def _go_on(request: HttpRequest, listing: Listing, done: Step) -> HttpResponse:
    """To the next step; to the whole when this was the last, when it came from there, or when others see it already."""
    later = following(done)
    if later is None or listing.state != State.DRAFT or request.POST.get("back") == "check":
        return redirect("listings:edit", listing_id=listing.pk)
    return redirect("listings:step", listing_id=listing.pk, slug=later.slug)


@member_required
@require_http_methods(["GET", "HEAD", "POST"])
def photos(request: HttpRequest, listing_id: UUID) -> HttpResponse:
    """GET: the tiles of a draft's pictures. POST: take in one or more, beginning the draft with the first."""
    actor: Member = request.member  # type: ignore[attr-defined]
    if request.method != "POST":
        listing = queries.access_own(actor=actor, listing_id=listing_id)
        return render(request, "listings/parts/tiles.html", describe_photos(listing))
    listing = services.start_draft(actor=actor, draft_id=listing_id, direction=_direction(request))
    refused = _take_in(actor, listing, request.FILES.getlist("pictures"))
    if request.headers.get("HX-Request"):
        status = 422 if refused else 200
        return render(request, "listings/parts/tiles.html", describe_photos(listing, refused), status=status)
    if refused:
        return render(request, "listings/photos.html", describe_photos(listing, refused), status=422)
    target = request.POST.get("then", "")
    return redirect("listings:step", listing_id=listing.pk, slug=target if find_step(target) else "photos")


def _take_in(actor: Member, listing: Listing, files: list[UploadedFile]) -> list[str]:
    """Each file by itself, so that a bad one does not cost the good ones; the sentences about those refused."""
    refused = []
    for file in files:
        try:
            services.add_photo(actor=actor, listing_id=listing.pk, content=file)
        except LocalExError as error:
            refused.append(f"{file.name}: {error.message}")
    return refused


@member_required
@require_POST
def arrange(request: HttpRequest, listing_id: UUID) -> HttpResponse:
    """The order after dragging: ids of the tiles, cover first."""
    actor: Member = request.member  # type: ignore[attr-defined]
    try:
        order = [UUID(value) for value in request.POST.getlist("order")]
    except ValueError:
        order = []
    listing = services.arrange_photos(actor=actor, listing_id=listing_id, order=order)
    return render(request, "listings/parts/tiles.html", describe_photos(listing))


@member_required
@require_POST
def photo(request: HttpRequest, listing_photo_id: UUID) -> HttpResponse:
    """Remove, move or describe one picture; by buttons, so that it works without JavaScript."""
    actor: Member = request.member  # type: ignore[attr-defined]
    listing = _change_photo(actor, listing_photo_id, request.POST.get("do", ""), request.POST)
    if request.headers.get("HX-Request"):
        return render(request, "listings/parts/tiles.html", describe_photos(listing))
    return redirect("listings:step", listing_id=listing.pk, slug="photos")


def _change_photo(actor: Member, listing_photo_id: UUID, deed: str, words: Any) -> Listing:
    if deed == "remove":
        return services.remove_photo(actor=actor, listing_photo_id=listing_photo_id)
    if deed == "describe":
        alt_text = words.get("alt_text", "")
        return services.describe_photo(actor=actor, listing_photo_id=listing_photo_id, alt_text=alt_text).listing
    if deed in ("cover", "earlier", "later"):
        return services.move_photo(actor=actor, listing_photo_id=listing_photo_id, to=deed)
    raise NotFound("There is nothing like this to do with a picture.")
