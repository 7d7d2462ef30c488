package chat

import (
	"fmt"

	"atrium/clients/rawjson"
)

// parseAGUIMessage reads a message of AG-UI. Its clients send back all that they were told: what tools returned and what
// the model thought is not for callers to say, so it is left out.
func parseAGUIMessage(raw []byte, i int) (message []byte, parts bool, err error) {
	member := func(name string) []byte {
		value, _ := rawjson.Get(raw, rawjson.Path{{Name: name}})
		return value
	}
	switch unquoted(member("role")) {
	case "tool", "reasoning", "activity":
		return nil, false, nil
	case "user":
		if content := member("content"); rawjson.Kind(content) == rawjson.Array {
			content, err := fromAGUI(content, i)
			return newMessage("user", content), false, err
		}
	}
	return parseMessage(raw, i)
}

// fromAGUI turns the parts of a user's message into those of Chat Completions.
func fromAGUI(parts []byte, i int) ([]byte, error) {
	content, n := []byte{'['}, 0
	for part := range rawjson.Each(parts) {
		if n > 0 {
			content = append(content, ',')
		}
		member := func(names ...string) []byte {
			path := make(rawjson.Path, 0, len(names))
			for _, name := range names {
				path = append(path, rawjson.Seg{Name: name})
			}
			value, _ := rawjson.Get(part, path)
			return value
		}
		text, url := member("text"), ""
		switch value := unquoted(member("source", "value")); unquoted(member("source", "type")) {
		case "url":
			url = value
		case "data":
			url = "data:" + unquoted(member("source", "mimeType")) + ";base64," + value
		}
		switch kind := unquoted(member("type")); {
		case kind == "text" && rawjson.Kind(text) == rawjson.String:
			content = append(append(append(content, `{"type":"text","text":`...), text...), '}')
		case kind == "image" && url != "":
			content = rawjson.AppendQuoted(append(content, `{"type":"image_url","image_url":{"url":`...), url)
			content = append(content, "}}"...)
		case kind == "document" && url != "":
			content = rawjson.AppendQuoted(append(content, `{"type":"file","file":{"file_data":`...), url)
			content = append(content, "}}"...)
		default:
			return nil, invalid(fmt.Sprintf("/messages/%d/content/%d", i, n), "want text, an image or a document")
		}
		n++
	}
	if n == 0 {
		return nil, invalid(fmt.Sprintf("/messages/%d/content", i), "want text or a list of parts")
	}
	return append(content, ']'), nil
}
