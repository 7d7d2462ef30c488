package chat_test

import (
	"context"
	"io"
	"strings"
	"testing"

	"atrium/bff/chat"
	"atrium/clients/llm"
)

// What an answer cost is told where the usage is: the sum over the rounds, each at the price of the model that answered it.
func TestCost(t *testing.T) {
	priced := func(m *chat.Model, p *llm.Price) *chat.Model {
		m.Price = p
		return m
	}
	asking := calls("get_dashboard", `{}`)
	cheap, dear := &llm.Price{Currency: "EUR", Input: 0.4, Output: 1.6}, &llm.Price{Currency: "EUR", Input: 4, Output: 16}
	refusing := func() *chat.Model { return priced(model(refuses(500, "", "{}")), cheap) }
	// fails answers the first time and refuses then, so that the second round is answered by the next model.
	fails := func() *chat.Model {
		first, then := says(asking), refuses(500, "", "{}")
		return priced(model(&upstream{play: func(ctx context.Context, n int, w io.Writer) {
			if n == 0 {
				first.play(ctx, n, w)
				return
			}
			then.play(ctx, n, w)
		}}), cheap)
	}
	for _, tt := range []struct {
		name   string
		models []*chat.Model
		want   string
	}{
		{"no price", []*chat.Model{model(says(hello))}, `{"inputTokens":7,"outputTokens":2}`},
		{"one round", []*chat.Model{priced(model(says(hello)), cheap)}, `"cost":{"amount":0.000006,"currency":"EUR"}}`},
		{"two rounds", []*chat.Model{priced(model(says(asking, hello)), cheap)}, `"cost":{"amount":0.000012,"currency":"EUR"}}`},
		{"the fallback answers", []*chat.Model{refusing(), priced(model(says(hello)), dear)}, `"cost":{"amount":0.00006,"currency":"EUR"}}`},
		{"both answer", []*chat.Model{fails(), priced(model(says(hello)), dear)}, `"cost":{"amount":0.000066,"currency":"EUR"}}`},
		{"one without a price", []*chat.Model{fails(), model(says(hello))}, `{"inputTokens":14,"outputTokens":4}`},
		{
			"two currencies",
			[]*chat.Model{fails(), priced(model(says(hello)), &llm.Price{Currency: "USD"})},
			`{"inputTokens":14,"outputTokens":4}`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := newGenerations(t, chat.Options{})
			tool := dashboard(func(context.Context, []byte) ([]byte, error) { return []byte(`{}`), nil })
			s := ask(t.Context(), g, "/assistant?dialect=ui", hi, chat.Call{Models: tt.models, Tools: []chat.Tool{tool}}).wait()
			object := look(t.Context(), g, s.header.Get(chat.Header), "", map[string]string{"Accept": "application/json"}).wait()
			for _, told := range []string{s.text(), object.text()} {
				if !strings.Contains(told, tt.want) {
					t.Errorf("no %s in %s", tt.want, told)
				}
			}
		})
	}
}
