"""Invented callers: people of several countries, guests, telephones, and some with an id only."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """A caller and the kind of identity Graph gives for them."""

    name: str | None
    kind: str = "user"
    identifier: str | None = None


# Without one of the Calls.* permissions Graph shows no name; without a directory entry it has none to show.
# https://learn.microsoft.com/graph/api/call-answer
UNNAMED = (
    Person(None, identifier="7d1f3a04-52cb-4c0e-b7a1-0f6c2f1e9a55"),
    Person(None, identifier="e2b9c6d1-8a37-4f52-9c0d-64a1b7c3d2e8"),
    Person(None, kind="encrypted", identifier="AQAAAAIC1Yq7Vw0e5iJb8g"),
)
# Numbers which the numbering authorities keep free for fiction.
TELEPHONES = (
    Person(None, kind="phone", identifier="+442079460123"),
    Person(None, kind="phone", identifier="+12025550147"),
    Person(None, kind="phone", identifier="+33199001234"),
    Person(None, kind="phone", identifier="+493023125042"),
)
GUESTS = (
    Person("Sofia Lindqvist (Fabrikam)", kind="guest"),
    Person("Guest from reception", kind="guest"),
    Person("Томас Андерсон", kind="guest"),
)
COLLEAGUES = tuple(
    Person(name)
    for name in (
        "Amina Diallo",
        "Анна Кузнецова",
        "Bartłomiej Wiśniewski",
        "Chidi Okonkwo",
        "Дмитрий Соколов",
        "Elif Yıldız",
        "Fatima al-Sayed",
        "Giulia Ferrari",
        "Hiroshi Tanaka 田中 宏",
        "Irina Petrova",
        "João Carvalho",
        "Katarzyna Żak",
        "Lê Thị Mai",
        "Марина Орлова",
        "Maximiliane von Hohenstein-Oberndorff",
        "Nguyễn Văn An",
        "Oisín Ó Briain",
        "Priya Raghunathan",
        "Сергей Ильин",
        "Tomás Herrera",
        "Yael Ben-David יעל",
        "Zoë Vandenberghe",
    )
)
EVERYBODY = (*COLLEAGUES, *GUESTS, *TELEPHONES, *UNNAMED)
