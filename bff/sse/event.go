package sse

import "bytes"

// AppendEvent appends one whole event. id and name may be empty: they are left out then. They hold no line ends; data
// may, and takes a data: line for each of its lines.
func AppendEvent(dst []byte, id, name string, data []byte) []byte {
	if name != "" {
		dst = append(append(append(dst, "event: "...), name...), '\n')
	}
	if id != "" {
		dst = append(append(append(dst, "id: "...), id...), '\n')
	}
	for more := true; more; {
		var line []byte
		line, data, more = bytes.Cut(data, []byte{'\n'})
		dst = append(append(append(dst, "data: "...), bytes.TrimSuffix(line, []byte{'\r'})...), '\n')
	}
	return append(dst, '\n')
}
