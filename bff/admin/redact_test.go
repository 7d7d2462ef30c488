package admin

import (
	"strings"
	"testing"

	"atrium/tenants"
	"atrium/tenants/document"
)

func tenantText(text string) tenants.Document {
	return tenants.Document{Kind: tenants.KindTenants, Name: "acme", Path: "tenants/acme.yaml", Text: []byte(text)}
}

// TestSecretsAreNeverReadBack holds that no way to write a document shows a secret's value when it is read, that the rest of it stays,
// and that what was read can be written back and means the same as before.
func TestSecretsAreNeverReadBack(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"block", "api: a\nsecrets:\n  k:\n    value: hunter2 # of the shop\n", "api: a\nsecrets:\n  k:\n    value: (secret) # of the shop\n"},
		{
			"flow", "api: a\nsecrets: { k: { value: hunter2 }, l: { value: hunter2x } }\n",
			"api: a\nsecrets: { k: { value: (secret) }, l: { value: (secret) } }\n",
		},
		{"quoted", "api: a\nsecrets: { k: { value: \"hunter2\" } }\n", "api: a\nsecrets: { k: { value: \"(secret)\" } }\n"},
		{"quoted once", "api: a\nsecrets: { k: { value: 'hunter''2' } }\n", "api: a\nsecrets: { k: { value: \"(secret)\" } }\n"},
		{"escaped", "api: a\nsecrets: { k: { value: \"hun\\x74er2\\\"\" } } # hunter\n", "api: a\nsecrets: { k: { value: \"(secret)\" } } # hunter\n"},
		{
			"JSON", `{"api":"a","secrets":{"k":{"value":"hunter2"},"l":{"value":"hunter3"}}}`,
			`{"api":"a","secrets":{"k":{"value":"(secret)"},"l":{"value":"(secret)"}}}`,
		},
		{
			"text of many lines", "api: a\nsecrets:\n  k:\n    value: |\n      hunter2\n      more\n",
			`{"api":"a","secrets":{"k":{"value":"(secret)"}}}` + "\n",
		},
		{
			"short, and everywhere", "api: a\nvars: { a: a }\nsecrets: { a: { value: a } }\n",
			"api: a\nvars: { a: a }\nsecrets: { a: { value: (secret) } }\n",
		},
		{"behind letters of more bytes", "api: a\nsecrets: { \"é\": { value: hunter2 } }\n", "api: a\nsecrets: { \"é\": { value: (secret) } }\n"},
		{
			"named elsewhere", "api: a\nsecrets: { k: { env: HOME }, l: { file: /run/l } }\n",
			"api: a\nsecrets: { k: { env: HOME }, l: { file: /run/l } }\n",
		},
		{"no secrets", "api: a\n", "api: a\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doc := tenantText(tt.text)
			shown := Conceal(doc)
			if string(shown) != tt.want {
				t.Errorf("it reads\n%s, want\n%s", shown, tt.want)
			}
			if strings.Contains(string(shown), "hunter2") {
				t.Errorf("it shows a secret:\n%s", shown)
			}
			back, issues := restore(shown, doc)
			if len(issues) > 0 {
				t.Fatal(issues)
			}
			want, _ := document.Parse(doc.Path, doc.Text)
			got, _ := document.Parse(doc.Path, back)
			if string(got.JSON()) != string(want.JSON()) {
				t.Errorf("written back it says\n%s, want\n%s", got.JSON(), want.JSON())
			}
		})
	}
}

// TestSecretsOfBrokenDocuments holds that a document that was stored with mistakes, as an edit by hand can be, shows no value either.
func TestSecretsOfBrokenDocuments(t *testing.T) {
	for _, text := range []string{
		"api: a\nsecrets: { k: { valeu: hunter2 } }\n", "api: a\nsecrets: { k: hunter2 }\n", "api: a\nsecrets: { k: { value: [hunter2] } }\n",
		"api: a\nsecrets: { k: { value: hunter2 } }\nvars: [\n", "api: a\nsecrets: { k: { value: hunter2 }\n", "secrets: { k: { value: \"hunter2\n",
		"hunter2: [", "\thunter2", "api: a\nx: &s hunter2\nsecrets: { k: { value: *s } }\n",
	} {
		if shown := string(Conceal(tenantText(text))); strings.Contains(shown, "value: hunter2") || strings.Contains(shown, "valeu: hunter2") ||
			strings.Contains(shown, "k: hunter2") || strings.Contains(shown, `"hunter2`) && strings.Contains(text, "secrets") && !strings.Contains(text, "&s") {
			t.Errorf("%q is shown as %q", text, shown)
		}
	}
}

func TestConcealedWithoutAStoredValue(t *testing.T) {
	stored := tenantText("api: a\nsecrets: { k: { value: hunter2 } }\n")
	_, issues := restore([]byte("api: a\nsecrets: { other: { value: (secret) } }\n"), stored)
	if len(issues) != 1 || issues[0].Pointer != "/secrets/other/value" || issues[0].Line != 2 {
		t.Errorf("the issues are %v", issues)
	}
	text, issues := restore([]byte("api: b\nsecrets: { k: { value: (secret) }, l: { value: new } }\n"), stored)
	if want := "api: b\nsecrets: { k: { value: \"hunter2\" }, l: { value: new } }\n"; len(issues) > 0 || string(text) != want {
		t.Errorf("restored: %v\n%s, want\n%s", issues, text, want)
	}
}
