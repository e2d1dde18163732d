"""Made-up articles, as many as a test wants: a title that its body tells about, and some that it does not."""

from __future__ import annotations

from random import Random
from typing import Any

PLACES = (
    "Ardenmoor", "Belvista", "Corriegate", "Dunsallow", "Eastmere", "Farrowdale", "Glenhaven", "Hartsmouth", "Islewick",
    "Juniper", "Kelderby", "Lowmarsh", "Montclare", "Northolme", "Osterfield", "Penhallow", "Quarryton", "Ravensby",
    "Silverbrook", "Thornleigh", "Upperton", "Valmere", "Westerkirk", "Yarrowbank",
)  # fmt: skip
EVENTS = (
    (
        "harbour",
        "ferry terminal reopens",
        "The ferry terminal reopens after nine months of work on the quay. Sailings to the islands start on Monday, and "
        "the harbour master expects two thousand passengers a day. Engineers had found cracks in the piles under the "
        "old ferry ramp.",
    ),
    (
        "hospital",
        "maternity ward closes for repairs",
        "The maternity ward closes for repairs to its roof. Midwives will look after expectant mothers at the county "
        "hospital until spring, and a minibus will take visitors there. Rain had come through the ceiling of the ward "
        "twice in a month.",
    ),
    (
        "cricket",
        "bowlers skittle visitors for 94",
        "The bowlers skittle visitors for 94 before lunch and win by eight wickets. The opening pair took seven wickets "
        "between them with the new ball, and the captain said that the cricket pitch had been slow. The visitors had "
        "won the toss.",
    ),
    (
        "schools",
        "teachers vote on longer lunch break",
        "Teachers vote on a longer lunch break next week. Pupils in the schools had complained that they could not "
        "finish a meal in twenty minutes, and the union supports them. A shorter afternoon is the price that teachers "
        "would pay for the break.",
    ),
    (
        "drought",
        "reservoir falls to lowest level",
        "The reservoir falls to its lowest level since records began, and the water board asks gardeners to put their "
        "hoses away. No rain is forecast. The drought has already browned the hills, and farmers are carting water to "
        "their cattle from the reservoir.",
    ),
    (
        "museum",
        "bronze age necklace returned",
        "A bronze age necklace is returned to the museum from which it was stolen. A dealer recognised the necklace in "
        "a sale catalogue and rang the curator. Detectives say that the thief had kept it in a biscuit tin, and the "
        "museum will show both.",
    ),
    (
        "railway",
        "night trains to the coast cancelled",
        "Night trains to the coast are cancelled until the tunnel is safe. The railway found loose bricks in the "
        "lining, and passengers will travel by coach along the coast road. Drivers of night trains will be paid as "
        "usual, the company said.",
    ),
    (
        "bakery",
        "sourdough wins national prize",
        "A sourdough loaf wins the national prize for bread. The bakery has made it for sixty years with the same "
        "starter, and the judges praised its crust. Queues for the sourdough reached round the corner when the prize "
        "was announced.",
    ),
    (
        "wildlife",
        "otters seen in canal again",
        "Otters are seen in the canal again after forty years. A wildlife camera filmed a mother with two cubs below "
        "the lock, and anglers have been asked to keep their dogs on a lead. Clean water has brought fish, and fish "
        "have brought otters.",
    ),
    (
        "budget",
        "council cuts library opening hours",
        "The council cuts library opening hours to save money. The budget leaves every branch closed on two days, and "
        "readers have gathered four thousand names against it. Councillors say that without the library savings the "
        "buses would have to go.",
    ),
)
PEOPLE = (
    "Abara", "Birkett", "Castellan", "Dunmore", "Eszter", "Fairweather", "Gossage", "Holloway", "Inchbald", "Jessop",
    "Kowal", "Lindqvist", "Moran", "Nakata",
)  # fmt: skip
SEEN = (
    "bridge", "orchard", "chapel", "depot", "paddock", "cinema", "tannery", "windmill", "bandstand", "greenhouse",
    "slipway", "allotment", "weighbridge",
)  # fmt: skip
SAID = (
    "{person} the {job} called it the talk of the {place}.",
    "At the {place} {person} was still counting chairs.",
    "{person} recalled how the {job} once closed the {place}.",
    "A {job} from the {place} wrote down what {person} had seen.",
    "Nobody at the {place} believed {person}, least of all the {job}.",
    "{person} and a {job} walked home by the {place}.",
)
JOBS = (
    "plumber", "archivist", "goalkeeper", "beekeeper", "surveyor", "postman", "violinist", "glazier", "verger",
    "signwriter", "welder", "chandler",
)  # fmt: skip


def article(i: int) -> tuple[str, str]:
    """The i-th title and the body that belongs to it; 240 different ones, none nearly the same as another."""
    place, (subject, event, text) = PLACES[i % len(PLACES)], EVENTS[(i // len(PLACES) + i % len(PLACES)) % len(EVENTS)]
    title = f"{place} {subject}: {event}"
    rng = Random(i)
    asides = [
        rng.choice(SAID).format(person=rng.choice(PEOPLE), job=rng.choice(JOBS), place=rng.choice(SEEN)) for _ in range(9)
    ]
    sentences = [*(f"{sentence.rstrip('.')}." for sentence in text.split(". ")), *asides]
    rng.shuffle(sentences)
    middle = " ".join(sentences)
    return title, f"People in {place} talk of little else this week. {middle} The {subject} news reached {place} late."


def rows(n: int, *, wrong_every: int = 0) -> list[dict[str, Any]]:
    """n articles; every `wrong_every`-th has the body of a story about something else."""
    out = []
    for i in range(n):
        title, body = article(i)
        if wrong_every and i % wrong_every == wrong_every - 1:
            body = article(i + 130)[1]
        out.append({"id": i, "source": f"paper{i % 3}.example", "title": title, "body": body})
    return out
