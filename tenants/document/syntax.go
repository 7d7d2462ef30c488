package document

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// A syntaxError is where and why text is not YAML.
type syntaxError struct {
	line, column int
	message      string
	hole         string // the unquoted hole at the place, if that is what is wrong
	from         int    // the first line that may be at fault
	lexical      bool   // found while cutting the whole text into tokens, before any structure
	fatal        bool   // reading on around it is not worth trying
}

// issue places the error in the text as it was, of which lines may have been taken out since.
func (e *syntaxError) issue(file string, text lines) Issue {
	line, column := text.clamp(e.line, e.column)
	return Issue{File: file, Line: line, Column: column, Message: e.message}
}

// parseYAML turns text into syntax trees, one a document.
func parseYAML(source string) (file *ast.File, problem *syntaxError) {
	defer func() {
		// The library is not written for hostile text; a panic of its is bad text of theirs.
		if r := recover(); r != nil {
			file, problem = nil, unreadable()
		}
	}()
	tokens := lexer.Tokenize(source)
	if at := tooDeep(tokens); at != nil {
		return nil, &syntaxError{
			line: at.Line, column: at.Column, from: at.Line, fatal: true,
			message: fmt.Sprintf("nested deeper than %d levels", maxDepth),
		}
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err == nil {
		return file, nil
	}
	return nil, explain(source, tokens, err)
}

func unreadable() *syntaxError {
	return &syntaxError{line: 1, column: 1, from: 1, message: "this cannot be read as YAML", fatal: true}
}

// tooDeep finds the first token nested far too deeply: the parser recurses, so it must not see it. The exact
// bound is held by the reader; here a list and the mapping in it may count twice.
func tooDeep(tokens token.Tokens) *token.Position {
	flow, run := 0, 0
	var columns []int // of the block collections around
	push := func(column int) {
		for len(columns) > 0 && columns[len(columns)-1] >= column {
			columns = columns[:len(columns)-1]
		}
		columns = append(columns, column)
	}
	for _, t := range tokens {
		switch t.Type {
		case token.MappingStartType, token.SequenceStartType:
			flow++
		case token.MappingEndType, token.SequenceEndType:
			flow = max(0, flow-1)
		case token.SequenceEntryType:
			push(t.Position.Column)
		case token.MappingValueType:
			if flow == 0 && t.Prev != nil {
				push(t.Prev.Position.Column)
			}
		case token.TagType, token.AnchorType, token.MappingKeyType:
			run += 2 // each of them nests what follows
		default:
		}
		run = max(0, run-1)
		if flow+run+len(columns) > 2*maxDepth {
			return t.Position
		}
	}
	return nil
}

// located is what the library's errors offer.
type located interface {
	error
	GetToken() *token.Token
	GetMessage() string
}

// explain turns the library's error into words for a person, and finds what is at fault: often that is
// before the place where reading stopped.
func explain(source string, tokens token.Tokens, err error) *syntaxError {
	at, ok := errors.AsType[located](err)
	if !ok || at.GetToken() == nil {
		return unreadable()
	}
	t := at.GetToken()
	table := newLines(source)
	e := &syntaxError{lexical: tokens.InvalidToken() != nil}
	e.line, e.column = table.place(t)
	e.from = e.line
	line, _ := table.line(e.line)
	if before := t.Prev; before != nil && isQuote(before) && before.Position.Line < e.line {
		e.line, e.column = table.place(before)
		e.from = e.line
		e.message = "the quoted text that starts here runs on over the line; is its closing quote missing?"
		return e
	}
	if column, hole := unquotedHole(line, e.column); hole != "" {
		e.column, e.hole = column, hole
		e.message = "write this hole in quotes, " + inQuotes(hole) + `: YAML has its own use for { } , # and ": "`
		if rest := string([]rune(line)[column-1:]); openBracket(tokens, t) == nil && strings.TrimSpace(rest) != hole {
			e.message = `write the text with this hole in quotes: YAML has its own use for # and ": "`
		}
		return e
	}
	e.message = plainWords(at.GetMessage(), t)
	if e.lexical {
		return e
	}
	if open := openBracket(tokens, t); open != nil && open != t {
		e.from = min(e.from, open.Position.Line)
		if open.Position.Line < e.line {
			e.message += fmt.Sprintf("; the %s of line %d is still open", open.Value, open.Position.Line)
		}
	}
	return e
}

func isQuote(t *token.Token) bool {
	return t.Type == token.DoubleQuoteType || t.Type == token.SingleQuoteType
}

// plainWords says what the library's message means.
func plainWords(message string, t *token.Token) string {
	has := func(part string) bool { return strings.Contains(message, part) }
	switch {
	case has("tab character") || has(`character '	'`):
		return "a tab cannot indent YAML; use spaces"
	case has("directive"):
		return "plain text cannot start with '%'; write it in quotes"
	case has("could not find end character"):
		return "the text that starts here has no closing quote"
	case has("is a reserved character"):
		return "plain text cannot start with " + message[:min(3, len(message))] + "; write it in quotes"
	case has("unknown escape character"):
		return `quoted text has an unknown escape; write \\ for a backslash`
	case has("',' or '}' must be specified"):
		return `want "," or "}" here`
	case has("',' or ']' must be specified"):
		return `want "," or "]" here`
	case has("end token"):
		return fmt.Sprintf("this %s is never closed", t.Value)
	case has("could not find '[' character"), has("could not find '{' character"):
		return fmt.Sprintf("this %s closes nothing", t.Value)
	case has("mapping value is not allowed"):
		return `a key cannot stand inside this text; write text with ": " in quotes, or check the indentation`
	case has("value is not allowed"), has("unexpected map key"):
		return "this is unexpected here; check the indentation and the quotes before it"
	case has("block sequence entries"):
		return "a list starts on the line below its key"
	case has("unexpected key name"), has("non-map value"), has("key-value delimiter"), has("implicit line break"):
		return `want "key: value"`
	case has("anchor"), has("alias"):
		return "& and * start an anchor and an alias; write text that starts with them in quotes"
	case has("tag"):
		return "! starts a tag, and tags are not supported; write text that starts with it in quotes"
	case has("invalid key"):
		return "a key is text; this is not"
	case has("found ','"):
		return `want a value before ","`
	case has("multi-line content"):
		return "a block of text is missing; indent it below this line"
	}
	return message
}

// inQuotes writes a hole as YAML text.
func inQuotes(hole string) string {
	if strings.Contains(hole, `"`) {
		return "'" + strings.ReplaceAll(hole, "'", "''") + "'"
	}
	return `"` + hole + `"`
}

// openBracket finds the outermost bracket that is still open at the token.
func openBracket(tokens token.Tokens, until *token.Token) *token.Token {
	var open []*token.Token
	for _, t := range tokens {
		if t == until {
			break
		}
		switch t.Type {
		case token.MappingStartType, token.SequenceStartType:
			open = append(open, t)
		case token.MappingEndType, token.SequenceEndType:
			open = open[:max(0, len(open)-1)]
		default:
		}
	}
	if len(open) == 0 {
		return nil
	}
	return open[0]
}
