package upstreams

import "slices"

// The word lists that the data is made from. They are functions, so that nobody can change what others read.

func firstNames() []string {
	return []string{
		"Ada", "Amir", "Anna", "Beatriz", "Bruno", "Carla", "Chidi", "Clara", "Daniel", "Deniz", "Élodie", "Emil", "Fatima",
		"Felix", "Greta", "Hana", "Hugo", "Ines", "Iván", "Jakub", "Jana", "João", "Jonas", "Kenji", "Klara", "Lars", "Leila",
		"Lena", "Lukas", "Łukasz", "Magda", "Malik", "Marie", "Mateo", "Mei", "Mira", "Nadia", "Nils", "Noor", "Olga", "Oscar",
		"Paula", "Pedro", "Priya", "Rosa", "Sara", "Søren", "Tariq", "Thea", "Tom", "Vera", "Viktor", "Yara", "Zoë",
	}
}

func lastNames() []string {
	return []string{
		"Adler", "Almeida", "Andersen", "Bauer", "Becker", "Bergström", "Bianchi", "Castillo", "Costa", "Dąbrowski", "Demir",
		"Dubois", "Eklund", "Ferrari", "Fischer", "Fuchs", "García", "Haddad", "Hansen", "Hoffmann", "Ivanova", "Jansen",
		"Jensen", "Kaya", "Keller", "Kowalski", "Krüger", "Lang", "Lefèvre", "Lindqvist", "Lopez", "Martin", "Meyer", "Moreau",
		"Müller", "Nguyen", "Novák", "O'Connor", "Okafor", "Petrov", "Popescu", "Rossi", "Sánchez", "Schmidt", "Silva",
		"Sørensen", "Tanaka", "Vogel", "Weber", "Wójcik", "Yılmaz", "Zimmermann",
	}
}

type place struct{ city, postalCode, country, language string }

func places() []place {
	return []place{
		{"Berlin", "10115", "DE", "de"},
		{"Hamburg", "20095", "DE", "de"},
		{"Köln", "50667", "DE", "de"},
		{"Wien", "1010", "AT", "de"},
		{"Zürich", "8001", "CH", "de"},
		{"Paris", "75011", "FR", "fr"},
		{"Lyon", "69002", "FR", "fr"},
		{"Kraków", "31-019", "PL", "pl"},
		{"Gdańsk", "80-831", "PL", "pl"},
		{"Madrid", "28004", "ES", "es"},
		{"Sevilla", "41001", "ES", "es"},
		{"Dublin", "D02 X285", "IE", "en"},
		{"Amsterdam", "1012 AB", "NL", "en"},
		{"København", "1050", "DK", "en"},
	}
}

func streets() []string {
	return []string{
		"Alder Lane", "Bahnhofstraße", "Calle Mayor", "Gartenweg", "Harbour Road", "Hauptstraße", "Kirchgasse", "Lindenallee",
		"Market Square", "Mill Street", "Rue de la Paix", "Station Road", "ulica Długa", "Vesterbrogade",
	}
}

// An assortment is what a tenant sells.
type assortment struct {
	categories []string
	nouns      [][]string // per category
}

func adjectives() []string {
	return []string{"Classic", "Compact", "Everyday", "Field", "Folding", "Heavy", "Light", "Nordic", "Quiet", "Studio", "Travel", "Urban"}
}

func assortments() []assortment {
	return []assortment{
		{
			[]string{"garden", "workshop", "outdoor"},
			[][]string{
				{"Pruning Shears", "Watering Can", "Rake", "Planter", "Hose Reel"},
				{"Cordless Drill", "Tool Chest", "Workbench", "Hand Plane", "Clamp Set"},
				{"Tent", "Camp Stove", "Lantern", "Backpack", "Hammock"},
			},
		},
		{
			[]string{"audio", "office", "lighting"},
			[][]string{
				{"Headphones", "Speaker", "Turntable", "Microphone", "Radio"},
				{"Keyboard", "Desk", "Monitor Arm", "Chair", "Document Tray"},
				{"Desk Lamp", "Floor Lamp", "Pendant", "Light Strip", "Reading Light"},
			},
		},
		{
			[]string{"kitchen", "table", "pantry"},
			[][]string{
				{"Skillet", "Stock Pot", "Knife Set", "Kettle", "Scale"},
				{"Plate Set", "Carafe", "Bowl", "Tumbler", "Cutlery Set"},
				{"Storage Jar", "Spice Rack", "Bread Box", "Mill", "Canister"},
			},
		},
	}
}

// offerText is an offer in the languages the shop speaks.
type offerText struct {
	segment  string
	discount int
	forOne   bool // for one product
	title    map[string]string
	text     map[string]string
}

func offerTexts() []offerText {
	return []offerText{
		{
			"standard", 10, true,
			map[string]string{"en": "Ten off", "de": "Zehn Prozent"},
			map[string]string{"en": "10 % off one of our favourites.", "de": "10 % auf eines unserer Lieblingsstücke."},
		},
		{
			"standard", 5, false,
			map[string]string{"en": "Welcome back", "de": "Willkommen zurück"},
			map[string]string{"en": "5 % off your next order.", "de": "5 % auf Ihre nächste Bestellung."},
		},
		{
			"premium", 20, true,
			map[string]string{"en": "Premium week", "de": "Premium-Woche"},
			map[string]string{"en": "20 % off, for a week.", "de": "20 %, eine Woche lang."},
		},
		{
			"premium", 15, false,
			map[string]string{"en": "Early access", "de": "Vorab für Sie"},
			map[string]string{"en": "15 % off the new season before anybody else.", "de": "15 % auf die neue Saison, vor allen anderen."},
		},
		{
			"premium", 25, true,
			map[string]string{"en": "For your collection", "de": "Für Ihre Sammlung"},
			map[string]string{"en": "25 % off something that goes well with what you have.", "de": "25 % auf etwas, das gut dazu passt."},
		},
		{
			"business", 30, false,
			map[string]string{"en": "By the pallet", "de": "Palettenpreis"},
			map[string]string{"en": "30 % off from ten pieces on.", "de": "30 % ab zehn Stück."},
		},
		{
			"business", 12, true,
			map[string]string{"en": "For the whole team", "de": "Für das ganze Team"},
			map[string]string{"en": "12 % off, delivered to every desk.", "de": "12 %, geliefert an jeden Schreibtisch."},
		},
	}
}

func segments() []string { return []string{"standard", "premium", "business"} }

func isSegment(s string) bool { return slices.Contains(segments(), s) }

func orderStatuses() []string {
	return []string{"pending", "paid", "shipped", "delivered", "cancelled", "returned"}
}
