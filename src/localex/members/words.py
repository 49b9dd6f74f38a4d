"""The words that display names are made of.

Chosen so that every first word may stand before every second one: nothing about size, age, looks, heat, colour of
skin or hair; no animal that is an insult; nothing that is first of all a person's name; nothing with a second meaning
that somebody would not want to carry around. A test keeps the shape; taste needs a person.
"""

# A colour also picks the colours of the avatar (see avatar.py, which knows the twelve schemes by these names).
COLOURS: dict[str, tuple[str, ...]] = {
    "meadow": ("Green", "Verdant", "Emerald"),
    "sky": ("Blue", "Azure", "Cyan"),
    "dusk": ("Indigo", "Cobalt", "Sapphire"),
    "plum": ("Plum", "Purple", "Mauve"),
    "berry": ("Crimson", "Magenta", "Garnet"),
    "brick": ("Red", "Scarlet", "Ruby"),
    "apricot": ("Orange", "Peach", "Coral"),
    "honey": ("Amber", "Golden", "Lemon"),
    "wheat": ("Ochre", "Bronze", "Copper"),
    "pine": ("Jade", "Forest", "Teal"),
    "lagoon": ("Turquoise", "Lagoon", "Coastal"),
    "mist": ("Silver", "Pearl", "Misty"),
}

MANNERS: tuple[str, ...] = (
    *("Agile", "Alert", "Ample", "Artful", "Autumn", "Blithe", "Bold", "Bonny", "Brave", "Breezy", "Bright", "Brisk"),
    *("Calm", "Candid", "Cheerful", "Chipper", "Clear", "Clever", "Cosy", "Crisp", "Curious", "Dancing", "Dapper"),
    *("Daring", "Dewy", "Dreamy", "Eager", "Early", "Earnest", "Fabled", "Faithful", "Festive", "Fleet", "Fond"),
    *("Fresh", "Friendly", "Frosty", "Gallant", "Garden", "Generous", "Gentle", "Glad", "Gleaming", "Glowing"),
    *("Graceful", "Handy", "Hearty", "Honest", "Hopeful", "Humble", "Humming", "Jolly", "Jovial", "Joyful", "Keen"),
    *("Kind", "Lively", "Loyal", "Lucky", "Lunar", "Mellow", "Merry", "Mighty", "Modest", "Nimble", "Noble", "Patient"),
    *("Peaceful", "Playful", "Plucky", "Polite", "Proud", "Quick", "Quiet", "Ready", "Rosy", "Rustic", "Serene"),
    *("Shining", "Silken", "Smiling", "Snowy", "Snug", "Soaring", "Solar", "Spry", "Starry", "Steady", "Sturdy"),
    *("Summer", "Sunlit", "Sunny", "Swift", "Thankful", "Thoughtful", "Thrifty", "Tidy", "Tranquil", "Trusty"),
    *("Upbeat", "Valiant", "Velvet", "Vivid", "Wandering", "Warm", "Whistling", "Wintry", "Wise", "Witty", "Zesty"),
)

# What the avatar shows for each second word (avatar.py draws one picture for each of these kinds).
CREATURES: dict[str, tuple[str, ...]] = {
    "songbird": (
        *("Bird", "Finch", "Wren", "Sparrow", "Lark", "Linnet", "Starling", "Goldfinch", "Siskin", "Bunting", "Pipit"),
        *("Warbler", "Oriole", "Nuthatch", "Wagtail", "Dipper", "Nightingale", "Redstart", "Wheatear", "Chaffinch"),
        *("Magpie", "Dove", "Hoopoe", "Kingfisher", "Plover", "Quail", "Sandpiper", "Waxwing"),
    ),
    "waterbird": ("Swan", "Mallard", "Eider", "Puffin", "Heron", "Egret", "Avocet", "Lapwing", "Crane", "Stork"),
    "owl": ("Owl", "Owlet", "Kestrel", "Falcon", "Osprey", "Harrier"),
    "fox": ("Fox", "Lynx", "Squirrel", "Marten", "Caracal", "Fennec"),
    "bear": ("Bear", "Otter", "Panda", "Koala", "Badger", "Marmot", "Dormouse", "Wombat", "Hedgehog", "Seal"),
    "hare": ("Hare", "Deer", "Fawn", "Alpaca", "Pony", "Kangaroo", "Wallaby", "Chamois"),
    "butterfly": ("Butterfly", "Ladybird", "Dragonfly", "Bumblebee", "Firefly", "Honeybee", "Damselfly", "Cricket"),
    "fish": ("Salmon", "Minnow", "Grayling", "Dolphin", "Seahorse", "Starfish"),
    "leaf": (
        *("Fern", "Clover", "Maple", "Birch", "Willow", "Alder", "Linden", "Aspen", "Poplar", "Sycamore", "Beech"),
        *("Mint", "Thyme", "Sorrel", "Fennel", "Bracken", "Barley", "Bamboo", "Reed", "Almond", "Walnut", "Acorn"),
    ),
    "tree": ("Oak", "Elm", "Cedar", "Juniper", "Larch", "Pine", "Spruce", "Cypress", "Chestnut", "Hawthorn"),
    "flower": (
        *("Tulip", "Primrose", "Cowslip", "Bluebell", "Snowdrop", "Crocus", "Marigold", "Sunflower", "Lavender"),
        *("Lupin", "Aster", "Dahlia", "Peony", "Anemone", "Zinnia", "Orchid", "Lilac", "Magnolia", "Camellia"),
        *("Gentian", "Edelweiss", "Buttercup", "Cornflower", "Thistle", "Harebell", "Campion", "Yarrow", "Hyacinth"),
    ),
    "hills": ("River", "Brook", "Valley", "Hill", "Glade", "Harbour", "Island", "Orchard", "Pebble", "Comet"),
}

FIRST_WORDS: tuple[str, ...] = tuple(word for words in COLOURS.values() for word in words) + MANNERS
SECOND_WORDS: tuple[str, ...] = tuple(word for words in CREATURES.values() for word in words)
SCHEME_OF: dict[str, str] = {word: scheme for scheme, words in COLOURS.items() for word in words}
PICTURE_OF: dict[str, str] = {word: picture for picture, words in CREATURES.items() for word in words}
