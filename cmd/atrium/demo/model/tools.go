package model

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// alwaysAbout are words that make a question sound like a tool, whatever the tool's name.
var alwaysAbout = []string{"order", "orders", "dashboard", "customer", "account"}

var (
	wordIn   = regexp.MustCompile(`[a-z]+`)
	numberIn = regexp.MustCompile(`\b\d+\b`)
	idIn     = regexp.MustCompile(`\b[A-Za-z]*[-_]?\d[\w-]*\b`)
)

// pickTool returns the tool that a question sounds like: the one whose name or description shares most words with it,
// else the first when the question is about orders, a dashboard or a customer.
func pickTool(r *chatRequest, question string) (tool, bool) {
	if r.noTools() {
		return tool{}, false
	}
	asked := wordIn.FindAllString(strings.ToLower(question), -1)
	best, score := 0, 0
	for i, t := range r.Tools {
		of := wordIn.FindAllString(strings.ToLower(t.Function.Name+" "+t.Function.Description), -1)
		if n := shared(asked, of); n > score {
			best, score = i, n
		}
	}
	about := slices.ContainsFunc(asked, func(w string) bool { return slices.Contains(alwaysAbout, w) })
	return r.Tools[best], score > 0 || about
}

// shared counts the words of four letters and more that two lists share.
func shared(asked, of []string) int {
	n := 0
	for _, w := range asked {
		if len(w) >= 4 && slices.Contains(of, w) {
			n++
		}
	}
	return n
}

// property is what the model reads of a parameter's JSON Schema.
type property struct {
	Type    any               `json:"type"` // a string, or a list of strings
	Enum    []json.RawMessage `json:"enum"`
	Default json.RawMessage   `json:"default"`
}

// callOf makes a call of a tool with an argument for each required property.
func callOf(t tool, question string, turn int) *call {
	var schema struct {
		Properties map[string]property `json:"properties"`
		Required   []string            `json:"required"`
	}
	_ = json.Unmarshal(t.Function.Parameters, &schema) // a tool without parameters is called without arguments
	args := map[string]json.RawMessage{}
	for _, name := range schema.Required {
		args[name] = argument(schema.Properties[name], question)
	}
	text, _ := json.Marshal(args) //nolint:errchkjson // raw messages that were made or parsed here
	return &call{ID: fmt.Sprintf("call_%d", turn), Name: t.Function.Name, Arguments: string(text)}
}

// argument makes a value of a type from the question: its first number or id where one fits.
func argument(p property, question string) json.RawMessage {
	if len(p.Enum) > 0 {
		return p.Enum[0]
	}
	types := fmt.Sprint(p.Type)
	switch {
	case strings.Contains(types, "integer"), strings.Contains(types, "number"):
		return json.RawMessage(firstOf(numberIn.FindString(question), string(p.Default), "1"))
	case strings.Contains(types, "bool"):
		return json.RawMessage(firstOf(string(p.Default), "true"))
	case strings.Contains(types, "array"):
		return json.RawMessage(firstOf(string(p.Default), "[]"))
	case strings.Contains(types, "object"):
		return json.RawMessage(firstOf(string(p.Default), "{}"))
	}
	if found := idIn.FindString(question); found != "" {
		text, _ := json.Marshal(found) //nolint:errchkjson // a string
		return text
	}
	return json.RawMessage(firstOf(string(p.Default), `"1"`))
}

func firstOf(texts ...string) string {
	for _, s := range texts {
		if s != "" {
			return s
		}
	}
	return ""
}
