package store

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// read makes the index from the file.
func (j *journal) read() error {
	f, err := os.Open(j.path) //nolint:gosec // the folder is the operator's to name
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	j.info, j.size, j.torn, j.garbage = info, 0, false, 0
	j.entries, j.events = map[string]*past{}, nil
	lines := bufio.NewReaderSize(f, 1<<20)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if err != nil {
			j.torn = len(line) > 0
			j.size += int64(len(line))
			return nil
		}
		var r record
		if json.Unmarshal(line, &r) == nil && r.Kind.Valid() { // what a crash left is no record
			j.index(&r, j.size, int64(len(line)))
		}
		j.size += int64(len(line))
	}
}

// compact writes the file anew when most of it is no longer kept. Events outlive their texts.
func (j *journal) compact() error {
	if j.path == "" || j.garbage < j.compactFrom || j.garbage < j.size/2 {
		return nil
	}
	kept := map[int64]bool{} // offsets of lines
	for _, p := range j.entries {
		for _, v := range p.revisions {
			kept[v.offset] = true
		}
	}
	oldest := int64(0)
	if len(j.events) > 0 {
		oldest = j.events[0].Sequence
	}
	f, err := os.Open(j.path) //nolint:gosec // the folder is the operator's to name
	if err != nil {
		return fmt.Errorf("compact the history: %w", err)
	}
	defer f.Close()
	root, err := os.OpenRoot(filepath.Dir(j.path))
	if err != nil {
		return fmt.Errorf("compact the history: %w", err)
	}
	defer release(root)
	err = replaceFile(root, filepath.Base(j.path), 0o600, func(w io.Writer) error {
		return copyKept(w, f, kept, oldest)
	})
	if err != nil {
		return fmt.Errorf("compact the history: %w", err)
	}
	return j.read()
}

// copyKept copies the lines at the kept offsets, and of others the event alone, from the oldest one of interest on.
func copyKept(w io.Writer, from io.Reader, kept map[int64]bool, oldest int64) error {
	encoder := json.NewEncoder(w)
	lines := bufio.NewReaderSize(from, 1<<20)
	for offset := int64(0); ; {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		var r record
		switch {
		case kept[offset]:
			_, err = w.Write(line)
		case json.Unmarshal(line, &r) == nil && r.Sequence >= oldest && r.Action != actionVoid:
			err = encoder.Encode(&record{Event: r.Event, Dropped: true})
		}
		if err != nil {
			return err
		}
		offset += int64(len(line))
	}
}
