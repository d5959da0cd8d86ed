"""Names of places: continents, countries, every first-level subdivision of the countries covered, and word parts.

Written as compact text, because it is data to be looked at and not code to be read.
"""

from __future__ import annotations

CONTINENTS = {
    "af": "Africa",
    "an": "Antarctica",
    "as": "Asia",
    "eu": "Europe",
    "na": "North America",
    "oc": "Oceania",
    "sa": "South America",
}

COUNTRIES = {
    # covered by products: time zone and rough centre
    "us": ("America/New_York", 39.8, -95.0),
    "gb": ("Europe/London", 53.0, -1.8),
    "de": ("Europe/Berlin", 51.0, 10.3),
    "fr": ("Europe/Paris", 46.6, 2.4),
    "ca": ("America/Toronto", 52.0, -100.0),
    "au": ("Australia/Sydney", -27.0, 138.0),
    "nl": ("Europe/Amsterdam", 52.2, 5.4),
    "es": ("Europe/Madrid", 40.2, -3.6),
    "it": ("Europe/Rome", 42.8, 12.4),
    "jp": ("Asia/Tokyo", 36.5, 138.5),
    "br": ("America/Sao_Paulo", -12.0, -50.0),
    "pl": ("Europe/Warsaw", 52.1, 19.2),
}

_EU = "at be bg cy cz de dk ee es fi fr gr hr hu ie it lt lu lv mt nl pl pt ro se si sk"

_WORLD = """
eu at Austria|eu be Belgium|eu bg Bulgaria|eu ch Switzerland|eu cy Cyprus|eu cz Czechia|eu de Germany|eu dk Denmark
eu ee Estonia|eu es Spain|eu fi Finland|eu fr France|eu gb United Kingdom|eu gr Greece|eu hr Croatia|eu hu Hungary
eu ie Ireland|eu is Iceland|eu it Italy|eu lt Lithuania|eu lu Luxembourg|eu lv Latvia|eu mt Malta|eu nl Netherlands
eu no Norway|eu pl Poland|eu pt Portugal|eu ro Romania|eu rs Serbia|eu se Sweden|eu si Slovenia|eu sk Slovakia
eu ua Ukraine|na ca Canada|na cr Costa Rica|na do Dominican Republic|na gt Guatemala|na jm Jamaica|na mx Mexico
na pa Panama|na us United States|sa ar Argentina|sa bo Bolivia|sa br Brazil|sa cl Chile|sa co Colombia|sa ec Ecuador
sa pe Peru|sa uy Uruguay|as ae United Arab Emirates|as bd Bangladesh|as hk Hong Kong|as id Indonesia|as il Israel
as in India|as jp Japan|as kr South Korea|as kz Kazakhstan|as my Malaysia|as ph Philippines|as pk Pakistan
as sa Saudi Arabia|as sg Singapore|as th Thailand|as tr Türkiye|as tw Taiwan|as vn Vietnam|oc au Australia
oc nz New Zealand|af dz Algeria|af eg Egypt|af gh Ghana|af ke Kenya|af ma Morocco|af ng Nigeria|af tn Tunisia
af za South Africa
"""

WORLD_COUNTRIES: tuple[tuple[str, str, bool, str], ...] = tuple(
    sorted(
        (key, continent, key in _EU.split(), name)
        for continent, key, name in (
            entry.split(" ", 2) for line in _WORLD.strip().splitlines() for entry in line.split("|")
        )
    )
)

_SUBDIVISIONS = {
    "us": """al Alabama|ak Alaska|az Arizona|ar Arkansas|ca California|co Colorado|ct Connecticut|de Delaware
dc District of Columbia|fl Florida|ga Georgia|hi Hawaii|id Idaho|il Illinois|in Indiana|ia Iowa|ks Kansas|ky Kentucky
la Louisiana|me Maine|md Maryland|ma Massachusetts|mi Michigan|mn Minnesota|ms Mississippi|mo Missouri|mt Montana
ne Nebraska|nv Nevada|nh New Hampshire|nj New Jersey|nm New Mexico|ny New York|nc North Carolina|nd North Dakota
oh Ohio|ok Oklahoma|or Oregon|pa Pennsylvania|ri Rhode Island|sc South Carolina|sd South Dakota|tn Tennessee|tx Texas
ut Utah|vt Vermont|va Virginia|wa Washington|wv West Virginia|wi Wisconsin|wy Wyoming""",
    "gb": "eng England|nir Northern Ireland|sct Scotland|wls Wales",
    "de": """bw Baden-Württemberg|by Bayern|be Berlin|bb Brandenburg|hb Bremen|hh Hamburg|he Hessen
mv Mecklenburg-Vorpommern|ni Niedersachsen|nw Nordrhein-Westfalen|rp Rheinland-Pfalz|sl Saarland|sn Sachsen
st Sachsen-Anhalt|sh Schleswig-Holstein|th Thüringen""",
    "fr": """ara Auvergne-Rhône-Alpes|bfc Bourgogne-Franche-Comté|bre Bretagne|cvl Centre-Val de Loire|20r Corse
ges Grand Est|hdf Hauts-de-France|idf Île-de-France|nor Normandie|naq Nouvelle-Aquitaine|occ Occitanie
pdl Pays de la Loire|pac Provence-Alpes-Côte d'Azur""",
    "ca": """ab Alberta|bc British Columbia|mb Manitoba|nb New Brunswick|nl Newfoundland and Labrador|ns Nova Scotia
nt Northwest Territories|nu Nunavut|on Ontario|pe Prince Edward Island|qc Quebec|sk Saskatchewan|yt Yukon""",
    "au": """act Australian Capital Territory|nsw New South Wales|nt Northern Territory|qld Queensland
sa South Australia|tas Tasmania|vic Victoria|wa Western Australia""",
    "nl": """dr Drenthe|fl Flevoland|fr Friesland|ge Gelderland|gr Groningen|li Limburg|nb Noord-Brabant
nh Noord-Holland|ov Overijssel|ut Utrecht|ze Zeeland|zh Zuid-Holland""",
    "es": """an Andalucía|ar Aragón|as Asturias|cn Canarias|cb Cantabria|cl Castilla y León|cm Castilla-La Mancha
ct Catalunya|ce Ceuta|ex Extremadura|ga Galicia|ib Illes Balears|ri La Rioja|md Madrid|ml Melilla|mc Murcia
nc Navarra|pv País Vasco|vc Comunitat Valenciana""",
    "it": """65 Abruzzo|77 Basilicata|78 Calabria|72 Campania|45 Emilia-Romagna|36 Friuli-Venezia Giulia|62 Lazio
42 Liguria|25 Lombardia|57 Marche|67 Molise|21 Piemonte|75 Puglia|88 Sardegna|82 Sicilia|52 Toscana
32 Trentino-Alto Adige|55 Umbria|23 Valle d'Aosta|34 Veneto""",
    "jp": """01 Hokkaido|02 Aomori|03 Iwate|04 Miyagi|05 Akita|06 Yamagata|07 Fukushima|08 Ibaraki|09 Tochigi|10 Gunma
11 Saitama|12 Chiba|13 Tokyo|14 Kanagawa|15 Niigata|16 Toyama|17 Ishikawa|18 Fukui|19 Yamanashi|20 Nagano|21 Gifu
22 Shizuoka|23 Aichi|24 Mie|25 Shiga|26 Kyoto|27 Osaka|28 Hyogo|29 Nara|30 Wakayama|31 Tottori|32 Shimane|33 Okayama
34 Hiroshima|35 Yamaguchi|36 Tokushima|37 Kagawa|38 Ehime|39 Kochi|40 Fukuoka|41 Saga|42 Nagasaki|43 Kumamoto|44 Oita
45 Miyazaki|46 Kagoshima|47 Okinawa""",
    "br": """ac Acre|al Alagoas|ap Amapá|am Amazonas|ba Bahia|ce Ceará|df Distrito Federal|es Espírito Santo|go Goiás
ma Maranhão|mt Mato Grosso|ms Mato Grosso do Sul|mg Minas Gerais|pa Pará|pb Paraíba|pr Paraná|pe Pernambuco|pi Piauí
rj Rio de Janeiro|rn Rio Grande do Norte|rs Rio Grande do Sul|ro Rondônia|rr Roraima|sc Santa Catarina|sp São Paulo
se Sergipe|to Tocantins""",
    "pl": """02 Dolnośląskie|04 Kujawsko-Pomorskie|06 Lubelskie|08 Lubuskie|10 Łódzkie|12 Małopolskie|14 Mazowieckie
16 Opolskie|18 Podkarpackie|20 Podlaskie|22 Pomorskie|24 Śląskie|26 Świętokrzyskie|28 Warmińsko-Mazurskie
30 Wielkopolskie|32 Zachodniopomorskie""",
}

SUBDIVISIONS: dict[str, list[tuple[str, str]]] = {
    country: [
        (entry.split(" ", 1)[0], entry.split(" ", 1)[1]) for line in text.splitlines() for entry in line.split("|")
    ]
    for country, text in _SUBDIVISIONS.items()
}

_ENGLISH = (
    "Ash Brook Clear East Fair Glen Green Hart Haw Iron Kings Lake Lin Maple Mill New North Oak Pine River Rock Spring "
    "Stone West Wood",
    "bridge burn bury dale field ford gate ham ley mouth port ton ville wick",
)
_WORDS = {
    # beginnings and ends of place names; an underscore is a space
    "us": _ENGLISH,
    "gb": _ENGLISH,
    "ca": _ENGLISH,
    "au": _ENGLISH,
    "de": (
        "Alten Buchen Eichen Frei Grün Hohen Königs Linden Mühl Neu Nieder Ober Rosen Schön Stein Wald Weiden",
        "au bach berg brück burg dorf feld furt hausen heim hofen kirchen stadt tal",
    ),
    "fr": (
        "Aix Beau Bel Bois Bourg Champ Châtel Clair Font Haute Marne Mont Neuf Pont Roche Val Ville",
        "ac ange ay court elle eneuve ence ières ieu igny illon ois omme ouges",
    ),
    "nl": (
        "Berg Bos Breed Diep Eind Gouds Heer Hoog Kerk Maas Nieuw Oost Oud Rijs Veen West Zand",
        "berg broek burg dam dijk dorp drecht hoven huizen kerk meer veen wijk woude",
    ),
    "es": (
        "Alba Alcá Almo Bel Cala Campo Casa Fuen Guada Mira Monte Na Olive Puerto Torre Valde Villa",
        "bella ceite dora flores franca gordo hermosa lejo lobos madrid nueva real rrubia verde",
    ),
    "it": (
        "Acqua Bel Borgo Campo Castel Cava Civita Colle Fonte Fiume Mira Monte Ponte Rocca San Torre Villa",
        "bella chiara delle forte franca gallo grande lungo nero nuovo pietra reale rosso vecchio",
    ),
    "jp": (
        "Aka Ao Asa Fuku Hana Higashi Ishi Kami Kawa Kita Matsu Mina Naka Nishi Oka Shira Taka",
        "bashi da hama hara kawa machi mori mura no oka saki shima yama zawa",
    ),
    "br": (
        "Alta Areia Barra Boa Bom Campo Cruz Dois Flor Lagoa Mar Monte Nova Ouro Pedra Rio Santa",
        "_Alegre _Azul _Branca _Bonita _do_Norte _do_Sul _Dourada _Formosa _Grande _Linda _Nova _Preta _Real _Verde",
    ),
    "pl": (
        "Biało Brzo Czarno Dąbro Dobro Gór Jas Kali Kamie Lesz Mił Nowo Ostro Pias Radzi Sta Wiel",
        "bór chów czyn gard gród lin nica nów pol rzec siedle stok szyn wice",
    ),
}

WORDS: dict[str, tuple[list[str], list[str]]] = {
    country: (heads.split(), [tail.replace("_", " ") for tail in tails.split()])
    for country, (heads, tails) in _WORDS.items()
}
