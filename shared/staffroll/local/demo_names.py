"""Names that are usual in the countries of the demo tenant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Country:
    """Where some of the demo people live."""

    language: str
    time_zone: str
    first_names: tuple[str, ...]
    last_names: tuple[str, ...]


def _listed(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(","))


COUNTRIES: Final = (
    Country(
        "de",
        "Europe/Berlin",
        _listed(
            "Anna, Jörg, Käthe, Lukas, Sabine, Björn, Jürgen, Heike, Maximilian, Änne, Felix, "
            "Hans-Peter, Marie-Luise, Götz, Ulrike, Tobias, Zoë, Günther, Friederike"
        ),
        _listed(
            "Müller, Schäfer, Größmann, von der Heide, Weiß, Krüger, Jäger, Schmidt-Böhm, "
            "Öztürk, Mueller, Köhler, Vogel, Lindemann, zu Hohenfels, Brandt, Nguyen, Ünlü"
        ),
    ),
    Country(
        "en",
        "Europe/London",
        _listed(
            "Olivia, Liam, Siân, Aisha, George, Mary Ann, Rhys, Niamh, Callum, Priya, Zara, "
            "Oscar, Chloë, Harpreet, Isla, Seán, Eleanor, Kwame"
        ),
        _listed(
            "O'Connor, Smith, MacLeod, Patel, Llewellyn, Fitz-Gerald, Rashid, D'Arcy, Khan, "
            "Taylor, Okafor, Vaughan Price, Wright, Singh, Hughes, St John, Murphy"
        ),
    ),
    Country(
        "fr",
        "Europe/Paris",
        _listed(
            "Jean-Luc, Élodie, Chloé, François, Anaïs, Théo, Noémie, Benoît, Inès, Loïc, "
            "Marie-Claire, Rémi, Océane, Gaël, Maëlys, Hélène, Étienne"
        ),
        _listed(
            "Lefèvre, de La Fontaine, Dubois, Hébert, Garçon, d'Aubigné, Benoît, Moreau, "
            "Le Goff, Traoré, Girard, Beauséjour, Lemaître, Roux, Ben Saïd, Chevalier, Noël"
        ),
    ),
    Country(
        "es",
        "Europe/Madrid",
        _listed(
            "José María, Lucía, Íñigo, Begoña, Martín, Sofía, Ángel, María del Mar, Nuria, "
            "Joaquín, Álvaro, Inés, Jesús, Paula, Rubén, Núria, Andrés, Óscar"
        ),
        _listed(
            "García Molina, Núñez, de la Cruz, Fernández Ochoa, Peña, Ibáñez, Muñoz, López, "
            "Sánchez, Etxeberria, Rodríguez, Vázquez, Castaño, del Río, Gómez, Ordóñez, Puig"
        ),
    ),
    Country(
        "pt",
        "Europe/Lisbon",
        _listed(
            "João, Inês, Conceição, Tiago, Beatriz, André, Luís Filipe, Catarina, Gonçalo, "
            "Mafalda, Rui, Sílvia, Duarte, Leonor, Simão, Matilde, Estêvão"
        ),
        _listed(
            "Gonçalves, dos Santos, Araújo, Magalhães, da Silva, Simões, Brandão, Leitão, "
            "Corrêa, Nóbrega, Sá Pereira, Fontão, Esteves, Lourenço, Pinto, e Melo, Assunção"
        ),
    ),
    Country(
        "pl",
        "Europe/Warsaw",
        _listed(
            "Łukasz, Małgorzata, Święta, Bożena, Michał, Agnieszka, Paweł, Józef, Zofia, "
            "Krzysztof, Elżbieta, Wojciech, Żaneta, Stanisław, Róża, Jan, Grażyna"
        ),
        _listed(
            "Małecki, Kowalska, Dąbrowski, Święcicki, Żurawski, Zielińska-Kos, Błaszczyk, "
            "Wiśniewska, Nowak, Górski, Łuczak, Pająk, Mazur, Ćwik, Szymańska, Król, Zając"
        ),
    ),
    Country(
        "nl",
        "Europe/Amsterdam",
        _listed(
            "Daan, Sanne, Joëlle, Bas, Femke, Ruben, Anne-Fleur, Thijs, Lieke, Jeroen, Noor, "
            "Daniël, Eva, Coen, Maud, Sjoerd, Renée"
        ),
        _listed(
            "van den Berg, de Vries, 't Hooft, Jansen, van der Meer, Bakker, IJzerman, Visser, "
            "ter Horst, van 't Veer, Smit, de Graaf, Öz, Mulder, Bosch, op den Akker, Post"
        ),
    ),
    Country(
        "sv",
        "Europe/Stockholm",
        _listed(
            "Åsa, Björn, Märta, Göran, Saga, Örjan, Karl-Johan, Linnéa, Sven, Elin, Håkan, "
            "Ebba, Måns, Ingrid, Lova, Anders, Anna-Greta"
        ),
        _listed(
            "Ångström, Sjöberg, Lindqvist, Öberg, Åkesson, af Geijer, Nyström, Hägg, Bergström, "
            "Johansson, Söderlund, von Essen, Löfgren, Ek, Håkansson, Strömberg, Ask"
        ),
    ),
    Country(
        "tr",
        "Europe/Istanbul",
        _listed(
            "Ayşe, Çağla, Ömer, Işıl, İbrahim, Şule, Gökhan, Zeynep, Emre, Tuğba, Özlem, Uğur, "
            "Elif Naz, Barış, Nilüfer, Mehmet Ali, Sıla"
        ),
        _listed(
            "Yılmaz, Çelik, Şahin, Öztürk, Işık, Doğan, Güneş, Kılıç, Aydın, İnce, Özdemir, "
            "Arslan, Koç, Ağaoğlu, Erdoğmuş, Çetin, Tuğ"
        ),
    ),
    Country(
        "en",
        "America/New_York",
        _listed(
            "Ava, Mateo, Li, Shaniqua, DeShawn, Renée, Hiroshi, Mary-Kate, Noah, Xochitl, "
            "Beyza, José, Wei, Amélie, Tyrone, Siddharth, Mai Linh, Ximena"
        ),
        _listed(
            "Nguyễn, McDonald, de León, Li, Washington, O'Brien, Nakamura, St. Clair, Van Buren, "
            "Peña-Ortiz, Kowalski, Johnson, Ng, Goldstein, Castellano, Muller, Le"
        ),
    ),
)
