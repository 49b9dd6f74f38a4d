"""Where I am: by a point on the map or by a postcode. It stands in places because postcodes and the map are there;
what is kept, and that others only get a square kilometre of it, is members' business."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from localex.lib.geo import Point
from localex.members import services
from localex.members.decorators import member_required
from localex.members.errors import TooFarAway
from localex.members.models import Member
from localex.places import queries


class PointForm(forms.Form):
    """A point that was picked on the map, in degrees."""

    lat = forms.FloatField(min_value=-90, max_value=90, widget=forms.HiddenInput())
    lon = forms.FloatField(min_value=-180, max_value=180, widget=forms.HiddenInput())

    def find_point(self, member: Member) -> Point | None:
        """The point, or None with an error said."""
        if not self.is_valid():
            self.errors.clear()
            self.add_error(None, "Tap the map where you are, then save.")
            return None
        return Point(self.cleaned_data["lat"], self.cleaned_data["lon"])


class PostcodeForm(forms.Form):
    """A postcode of the member's community."""

    postcode = forms.CharField(
        label="Postcode",
        max_length=12,
        widget=forms.TextInput(attrs={"autocomplete": "postal-code", "spellcheck": "false"}),
        error_messages={"required": "Enter your postcode.", "max_length": "This is longer than a postcode."},
    )

    def find_point(self, member: Member) -> Point | None:
        """The middle of the postcode, or None with an error said."""
        if not self.is_valid():
            return None
        found = queries.find_postcode(community_id=member.community_id, code=self.cleaned_data["postcode"])
        if found is None:
            self.add_error(
                "postcode", f"We do not know this postcode near {member.community.name}. Check it, or use the map."
            )
            return None
        return found.point


@member_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def location(request: HttpRequest) -> HttpResponse:
    """Show or keep where the member is."""
    member: Member = request.member  # type: ignore[attr-defined]
    is_postcode = "postcode" in request.POST
    by_postcode = PostcodeForm(request.POST if is_postcode else None)
    at = member.point
    by_point = PointForm(
        request.POST if request.method == "POST" and not is_postcode else None,
        initial={"lat": at.lat, "lon": at.lon} if at else None,
    )
    if request.method == "POST" and _is_saved(member, by_postcode if is_postcode else by_point):
        messages.success(request, "Your location is saved. Others only see the square kilometre around it.")
        return HttpResponseRedirect(_way_on(request))
    return render(
        request,
        "places/location.html",
        {
            "by_postcode": by_postcode,
            "by_point": by_point,
            "next": request.POST.get("next") or request.GET.get("next", ""),
            "map": _map_of(member),
        },
        status=422 if request.method == "POST" else 200,
    )


def _map_of(member: Member) -> dict[str, object]:
    """What components/map.html needs to let somebody choose a point."""
    middle = member.point or member.community.centre
    return {
        "mode": "pick",
        "community_id": member.community_id,
        "latitude": middle.lat,
        "longitude": middle.lon,
        "latitude_id": "id_lat",
        "longitude_id": "id_lon",
        "label": f"Map of {member.community.name} to choose where you are",
    }


def _is_saved(member: Member, form: PointForm | PostcodeForm) -> bool:
    point = form.find_point(member)
    if point is None:
        return False
    try:
        services.set_location(member_id=member.pk, point=point)
    except TooFarAway as error:
        form.add_error(None, error.message)
        return False
    return True


def _way_on(request: HttpRequest) -> str:
    """The path on this site that the form names, else the front page. Only paths: anything else is no way on."""
    url = request.POST.get("next", "")
    is_path = url.startswith("/") and not url.startswith("//")
    is_ours = is_path and url_has_allowed_host_and_scheme(url, {request.get_host()})
    return url if is_ours else reverse("web:front")
