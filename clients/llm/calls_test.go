package llm_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"atrium/clients/llm"
)

func TestCalls(t *testing.T) {
	two := []llm.ToolCall{{ID: "a", Name: "f", Arguments: `{"x":1}`}, {ID: "b", Name: "g", Arguments: `{"y":2}`}}
	type deltas = []llm.CallDelta
	tests := []struct {
		name   string
		deltas deltas
		want   []llm.ToolCall
	}{
		{"as OpenAI does", deltas{
			{0, "a", "f", ""}, {0, "", "", `{"x":`}, {0, "", "", `1}`}, {1, "b", "g", ""}, {1, "", "", `{"y":2}`},
		}, two},
		{"interleaved", deltas{
			{0, "a", "f", ""}, {1, "b", "g", ""}, {0, "", "", `{"x":`}, {1, "", "", `{"y":2}`}, {0, "", "", `1}`},
		}, two},
		{"the id on every piece", deltas{
			{0, "a", "f", `{"x":`}, {0, "a", "f", `1}`}, {1, "b", "g", `{"y":2}`},
		}, two},
		{"the index is always 0", deltas{
			{0, "a", "f", `{"x":`}, {0, "", "", `1}`}, {0, "b", "g", `{"y":`}, {0, "", "", `2}`},
		}, two},
		{"no index, ids at first", deltas{
			{-1, "a", "f", `{"x":1}`}, {-1, "b", "g", `{"y":`}, {-1, "", "", `2}`},
		}, two},
		{"no index, the id later", deltas{{-1, "", "f", ""}, {-1, "a", "", `{"x":1}`}, {-1, "b", "g", `{"y":2}`}}, two},
		{
			"whole calls without anything",
			deltas{{-1, "", "f", `{"x":1}`}, {-1, "", "g", `{"y":2}`}},
			[]llm.ToolCall{{Name: "f", Arguments: `{"x":1}`}, {Name: "g", Arguments: `{"y":2}`}},
		},
		{"the index begins at 1", deltas{{1, "a", "f", `{"x":1}`}, {2, "b", "g", `{"y":2}`}}, two},
		{"the id comes with another index", deltas{{0, "a", "f", `{"x":`}, {5, "a", "", `1}`}, {1, "b", "g", `{"y":2}`}}, two},
		{"only an index", deltas{{0, "", "f", `{"x":`}, {0, "", "", `1}`}}, []llm.ToolCall{{Name: "f", Arguments: `{"x":1}`}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var c llm.Calls
			for _, d := range tt.deltas {
				c.Add(deltas{d})
			}
			if diff := cmp.Diff(tt.want, c.List()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
