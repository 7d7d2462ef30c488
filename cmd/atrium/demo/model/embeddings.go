package model

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"hash/fnv"
	"math"
	"net/http"
	"strings"
)

const (
	defaultDimensions = 64
	maxDimensions     = 3072
)

func (s *server) embeddings(w http.ResponseWriter, r *http.Request) {
	var req struct {
		Model          string          `json:"model"`
		Input          json.RawMessage `json:"input"`
		Dimensions     int             `json:"dimensions"`
		EncodingFormat string          `json:"encoding_format"`
	}
	if !decode(w, r, &req) {
		return
	}
	inputs, ok := texts(req.Input)
	if !ok {
		badRequest(w, "'input' must be a string or a list of strings")
		return
	}
	if req.Dimensions <= 0 {
		req.Dimensions = defaultDimensions
	}
	data, words := []any{}, 0
	for i, text := range inputs {
		vector := embed(text, min(req.Dimensions, maxDimensions))
		words += len(strings.Fields(text))
		entry := map[string]any{"object": "embedding", "index": i, "embedding": vector}
		if req.EncodingFormat == "base64" {
			entry["embedding"] = inBase64(vector)
		}
		data = append(data, entry)
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"object": "list", "model": req.Model, "data": data, "usage": usage{PromptTokens: words, TotalTokens: words},
	})
}

func texts(input json.RawMessage) ([]string, bool) {
	var one string
	if json.Unmarshal(input, &one) == nil {
		return []string{one}, true
	}
	var many []string
	return many, json.Unmarshal(input, &many) == nil && len(many) > 0
}

// embed makes a unit vector in which each word has its own direction, so that texts with common words are near.
func embed(text string, dimensions int) []float32 {
	sum := make([]float64, dimensions)
	for word := range strings.FieldsSeq(strings.ToLower(text) + " .") {
		h := fnv.New64a()
		_, _ = h.Write([]byte(word))
		state := h.Sum64()
		for i := range sum {
			state = state*6364136223846793005 + 1442695040888963407
			sum[i] += float64(int64(state)) / math.MaxInt64
		}
	}
	var square float64
	for _, x := range sum {
		square += x * x
	}
	vector := make([]float32, dimensions)
	for i, x := range sum {
		vector[i] = float32(x / math.Sqrt(square))
	}
	return vector
}

func inBase64(vector []float32) string {
	raw := make([]byte, 0, 4*len(vector))
	for _, x := range vector {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
	}
	return base64.StdEncoding.EncodeToString(raw)
}
