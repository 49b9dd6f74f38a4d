"""The other six pictures of avatars: what flies, swims, grows, or lies there."""

from localex.members.pictures import INK, LIGHT, Scheme


def butterfly(c: Scheme, variant: int) -> str:
    """Four wings and two feelers; spots or bands."""
    if variant % 2:
        marks = "".join(
            f'<circle cx="{x}" cy="{y}" r="{r}" fill="{c.belly}"/>'
            for x, y, r in ((18, 22, 4), (46, 22, 4), (20, 43, 3), (44, 43, 3))
        )
    else:
        marks = (
            f'<path d="M12 14q9 6 10 16M52 14q-9 6-10 16" stroke="{c.belly}" stroke-width="3.5" fill="none" '
            'stroke-linecap="round"/>'
        )
    return (
        f'<path d="M30 32C22 33 7 34 5 23S12 7 20 13s10 13 10 19zM34 32c8 1 23 2 25-9S52 7 44 13 34 26 34 32z" '
        f'fill="{c.body}"/>'
        f'<path d="M30 33c-9 0-17 4-17 12s7 11 12 7 6-12 5-19zM34 33c9 0 17 4 17 12s-7 11-12 7-6-12-5-19z" '
        f'fill="{c.accent}"/>'
        f"{marks}"
        f'<path d="M31 20q-1-7-7-10M33 20q1-7 7-10" stroke="{INK}" stroke-width="1.8" fill="none" '
        'stroke-linecap="round"/>'
        f'<path d="M32 18c3 0 4 3 4 7 0 10-1 20-4 26-3-6-4-16-4-26 0-4 1-7 4-7z" fill="{c.wing}"/>'
    )


def fish(c: Scheme, variant: int) -> str:
    """A fish on its way to the right, above the bed, with bubbles."""
    bands = (
        f'<path d="M24 21q5 11 0 22M33 19q5 13 0 26" stroke="{c.belly}" stroke-width="3.4" fill="none" '
        'stroke-linecap="round"/>'
        if variant % 2
        else f'<path d="M13 34q16 12 34 3-7 10-20 10-9-2-14-13z" fill="{c.belly}"/>'
    )
    return (
        f'<path d="M27 19q4-9 15-9-2 6 1 11zM29 45q2 7 11 8-2-5 1-10z" fill="{c.wing}"/>'
        f'<path d="M16 32L3 19q5 13 0 26z" fill="{c.accent}"/>'
        f'<path d="M12 32c6-10 15-15 25-15s18 6 22 14c-4 9-12 16-22 16s-19-5-25-15z" fill="{c.body}"/>{bands}'
        f'<path d="M44 22q-5 9 0 19" stroke="{c.wing}" stroke-width="2.2" fill="none" stroke-linecap="round"/>'
        f'<circle cx="50" cy="28" r="4" fill="{LIGHT}"/><circle cx="50.8" cy="28" r="2.2" fill="{INK}"/>'
        f'<circle cx="58" cy="14" r="2.5" fill="{LIGHT}" opacity=".8"/><circle cx="53" cy="7" r="1.6" fill="{LIGHT}" '
        'opacity=".8"/>'
    )


def leaf(c: Scheme, variant: int) -> str:
    """A twig with pairs of leaves; a berry or a bud on top."""
    shape = "M0 0C-1-7 5-13 16-13 15-5 8 0 0 0z" if variant % 2 else "M0 0C0-9 7-13 17-12 16-3 9 3 0 0z"
    pairs = ""
    for y, size, fill in ((52, 1.1, c.wing), (39, 0.95, c.body), (27, 0.75, c.body)):
        pairs += f'<path d="{shape}" transform="translate(32 {y}) scale({size})" fill="{fill}"/>'
        pairs += f'<path d="{shape}" transform="translate(32 {y}) scale(-{size} {size})" fill="{c.wing}"/>'
    top = (
        f'<circle cx="32" cy="13" r="5" fill="{c.accent}"/>'
        if variant % 3
        else f'<path d="M32 20c-6-4-6-11 0-16 6 5 6 12 0 16z" fill="{c.accent}"/>'
    )
    return (
        f'<path d="M32 62V16" stroke="{c.wing}" stroke-width="3" stroke-linecap="round"/>{pairs}{top}'
        f'<path d="M36 48q6-3 9-8M36 36q5-3 8-7" stroke="{c.belly}" stroke-width="1.6" fill="none" '
        'stroke-linecap="round"/>'
    )


def tree(c: Scheme, variant: int) -> str:
    """A fir or a broad crown, and a smaller one beside it."""
    if variant % 2:
        return (
            f'<path d="M29 50h6v10h-6zM50 53h3v7h-3z" fill="{c.wing}"/>'
            f'<path d="M51.5 32l9 13h-3l5 9H41l5-9h-3z" fill="{c.wing}"/>'
            f'<path d="M32 4l15 18h-5l10 14h-6l9 16H9l9-16h-6l10-14h-5z" fill="{c.body}"/>'
            f'<path d="M32 4v48H9l9-16h-6l10-14h-5z" fill="{c.belly}" opacity=".18"/>'
            f'<circle cx="40" cy="44" r="2.4" fill="{c.accent}"/><circle cx="24" cy="38" r="2.4" fill="{c.accent}"/>'
            f'<circle cx="35" cy="25" r="2.4" fill="{c.accent}"/>'
        )
    return (
        f'<path d="M30 36h5l1 24h-7z" fill="{INK}" opacity=".75"/>'
        f'<path d="M51 50h3v10h-3z" fill="{INK}" opacity=".75"/>'
        f'<circle cx="52.5" cy="46" r="8" fill="{c.wing}"/>'
        f'<circle cx="32" cy="24" r="19" fill="{c.body}"/>'
        f'<path d="M32 5a19 19 0 0 1 0 38q10-18 0-38z" fill="{c.wing}"/>'
        f'<path d="M32.5 46v-14l6-6M32.5 38l-6-6" stroke="{INK}" stroke-width="2.4" fill="none" stroke-linecap="round" '
        'opacity=".75"/>'
        f'<circle cx="22" cy="20" r="2.6" fill="{c.accent}"/><circle cx="30" cy="13" r="2.6" fill="{c.accent}"/>'
        f'<circle cx="21" cy="31" r="2.6" fill="{c.accent}"/>'
    )


def flower(c: Scheme, variant: int) -> str:
    """Five to eight petals round a heart, on a stem with two leaves."""
    count = 5 + variant % 4
    width = {5: 8.5, 6: 7.5, 7: 6.6, 8: 5.8}[count]
    petals = "".join(
        f'<ellipse cx="32" cy="13" rx="{width}" ry="11" fill="{c.body}" '
        f'transform="rotate({360 / count * i:.1f} 32 25)"/>'
        for i in range(count)
    )
    return (
        f'<path d="M32 30v32" stroke="{c.wing}" stroke-width="3.2" stroke-linecap="round"/>'
        f'<path d="M32 60c0-9 6-14 16-14 0 9-6 14-16 14zM32 56c0-8-6-12-15-12 0 8 6 12 15 12z" '
        f'fill="{c.wing}"/>{petals}'
        f'<circle cx="32" cy="25" r="8" fill="{c.accent}"/><circle cx="32" cy="25" r="3.5" fill="{c.belly}"/>'
    )


def hills(c: Scheme, variant: int) -> str:
    """Hills behind hills, with a path or a river, and a house or a sail."""
    way = (
        f'<path d="M40 38q-14 6-2 12t-8 14h14q10-9 0-15t0-11z" fill="{c.belly}"/>'
        if variant % 2
        else f'<path d="M0 52q10-4 21 0t22 0 21 0v12H0z" fill="{c.belly}"/>'
    )
    sight = (
        f'<path d="M12 37h12v10H12z" fill="{LIGHT}"/><path d="M9.5 38L18 30l8.5 8z" fill="{c.accent}"/>'
        f'<path d="M16.5 41h3v6h-3z" fill="{INK}" opacity=".7"/>'
        if variant % 2
        else f'<path d="M20 50V30l-9 20zM22 50V26l12 24z" fill="{c.accent}"/>'
        f'<path d="M8 52h28l-4 6H13z" fill="{c.wing}"/>'
    )
    return (
        f'<path d="M-2 46q16-28 31-15t19-6 18 12v27H-2z" fill="{c.body}" opacity=".55"/>'
        f'<path d="M-2 50q18-16 34-9t34-7v30H-2z" fill="{c.body}"/>{way}{sight}'
    )
