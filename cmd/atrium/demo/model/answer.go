package model

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// maxQuoted bounds how much of a question or a result an answer repeats.
const maxQuoted = 200

// An answer is what the model says: words, or a call of a tool.
type answer struct {
	words  []string // with the space that follows each
	call   *call
	finish string // stop, length or tool_calls
}

type call struct {
	ID, Name, Arguments string
}

// answerTo decides what to say. It is the same for the same request.
func answerTo(r *chatRequest, question string, f fault) answer {
	_, asked := r.last("user")
	result, got := r.last("tool")
	if f.name == "tool-loop" && !r.noTools() {
		return answer{call: callOf(r.Tools[0], question, len(r.Messages)), finish: "tool_calls"}
	}
	if got > asked {
		return words(fromResult(r, result), r.limit())
	}
	if t, ok := pickTool(r, question); ok {
		return answer{call: callOf(t, question, len(r.Messages)), finish: "tool_calls"}
	}
	return words(fromQuestion(r, question), r.limit())
}

func words(text string, limit int) answer {
	w := strings.SplitAfter(text, " ")
	if limit > 0 && len(w) > limit {
		return answer{words: w[:limit], finish: "length"}
	}
	return answer{words: w, finish: "stop"}
}

func fromQuestion(r *chatRequest, question string) string {
	who := "the demo model"
	if b := brand(r.system()); b != "" {
		who = "the assistant of " + b
	}
	if question == "" {
		return "Hello! I am " + who + ". Ask me anything; I am deterministic and need no key."
	}
	return fmt.Sprintf("You asked: %q. I am %s, and this is a deterministic answer that streams word by word. "+
		"Ask about your dashboard or your orders to see me call a tool, "+
		"or add [fault truncate] to your message to see a broken answer.", shorten(question), who)
}

var brandIn = regexp.MustCompile(`(?:customers of|assistant of|help for|work for|assistant for) ([^\s.,;!?][^.,;!?\n]*)`)

// brand finds whose assistant a system prompt makes of the model.
func brand(system string) string {
	if m := brandIn.FindStringSubmatch(system); m != nil {
		return strings.TrimSpace(m[1])
	}
	return ""
}

// fromResult tells what a tool returned: the plain fields at its top, and how long its lists are.
func fromResult(r *chatRequest, result string) string {
	intro := "Here is what I found: "
	if b := brand(r.system()); b != "" {
		intro = "Here is what I found at " + b + ": "
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal([]byte(result), &fields) != nil {
		return intro + shorten(result)
	}
	if _, failed := fields["error"]; failed {
		return "I could not look that up: " + shorten(result)
	}
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	var told []string
	for _, name := range names {
		if s := tell(fields[name]); s != "" {
			told = append(told, name+": "+s)
		}
	}
	return intro + strings.Join(told, ", ") + "."
}

func tell(value json.RawMessage) string {
	var list []json.RawMessage
	var text string
	switch {
	case len(value) == 0 || value[0] == '{' || string(value) == "null":
		return ""
	case json.Unmarshal(value, &list) == nil:
		return fmt.Sprintf("%d entries", len(list))
	case json.Unmarshal(value, &text) == nil:
		return shorten(text)
	default:
		return string(value)
	}
}

func shorten(s string) string {
	if r := []rune(s); len(r) > maxQuoted {
		return string(r[:maxQuoted]) + "…"
	}
	return s
}
