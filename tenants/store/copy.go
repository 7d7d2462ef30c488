package store

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// A localCopy keeps on disk what a replica last saw in Redis, so that it can start without. It is an append-only file
// of lines, the last one of a document counts; it is written anew when most of it is old. Losing its end costs the last
// changes, no more.
type localCopy struct {
	dir       string
	epoch     string
	revisions map[string]int64 // in the file, by kind/name
	modified  time.Time
	lines     int
}

const copyName = "documents.jsonl"

type copyLine struct {
	Epoch string `json:"epoch,omitempty"` // the first line
	Key   string `json:"key,omitempty"`
	Head  head   `json:"head,omitzero"`
	Text  []byte `json:"text,omitempty"`
	Sum   uint32 `json:"sum,omitempty"`
}

func newCopyLine(key string, rec redisRecord) copyLine {
	sum := crc32.NewIEEE()
	fmt.Fprintf(sum, "%q %+v ", key, rec.head)
	_, _ = sum.Write(rec.text) // never fails
	return copyLine{Key: key, Head: rec.head, Text: rec.text, Sum: sum.Sum32()}
}

// openCopy opens the copy in the folder, which is made when it is missing.
func openCopy(dir string) (*localCopy, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of the local copy: %w", err)
	}
	c := &localCopy{dir: dir}
	_, err := c.read()
	return c, err
}

// read returns the records in the file. Lines that make no sense do not count.
func (c *localCopy) read() (map[string]redisRecord, error) {
	records := map[string]redisRecord{}
	c.epoch, c.revisions, c.lines = "", map[string]int64{}, 0
	f, err := os.Open(c.path())
	if errors.Is(err, fs.ErrNotExist) {
		return records, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open the local copy: %w", err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil {
		c.modified = info.ModTime().UTC()
	}
	lines := bufio.NewReaderSize(f, 1<<20)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			if len(line) > 0 {
				c.epoch = "" // torn: write it anew with the next change
			}
			return records, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read the local copy: %w", err)
		}
		c.take(line, records)
	}
}

func (c *localCopy) take(text []byte, records map[string]redisRecord) {
	var l copyLine
	if json.Unmarshal(text, &l) != nil {
		return
	}
	c.lines++
	if l.Epoch != "" {
		c.epoch = l.Epoch
		return
	}
	rec := redisRecord{head: l.Head, text: l.Text}
	if l.Key != "" && l.Sum == newCopyLine(l.Key, rec).Sum {
		records[l.Key] = rec
		c.revisions[l.Key] = rec.Revision
	}
}

func (c *localCopy) path() string { return filepath.Join(c.dir, copyName) }

func (c *localCopy) empty() bool { return len(c.revisions) == 0 }

// keep brings the copy up to date with the records of the epoch.
func (c *localCopy) keep(epoch string, all map[string]redisRecord) error {
	var changed []string
	for key, rec := range all {
		if rec.fault == "" && c.revisions[key] != rec.Revision {
			changed = append(changed, key)
		}
	}
	if epoch != c.epoch || c.lines+len(changed) > 2*len(all)+1000 {
		return c.rewrite(epoch, all)
	}
	if len(changed) == 0 {
		return nil
	}
	f, err := os.OpenFile(c.path(), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	if err := errors.Join(c.write(w, changed, all), w.Flush(), f.Sync()); err != nil {
		c.epoch = "" // what is in the file is not known: write it anew next time
		return err
	}
	return nil
}

func (c *localCopy) rewrite(epoch string, all map[string]redisRecord) error {
	root, err := os.OpenRoot(c.dir)
	if err != nil {
		return err
	}
	defer release(root)
	c.epoch, c.revisions, c.lines = "", map[string]int64{}, 1
	err = replaceFile(root, copyName, 0o600, func(w io.Writer) error {
		if err := json.NewEncoder(w).Encode(copyLine{Epoch: epoch}); err != nil {
			return err
		}
		return c.write(w, slices.Collect(maps.Keys(all)), all)
	})
	if err == nil {
		c.epoch = epoch
	}
	return err
}

func (c *localCopy) write(w io.Writer, keys []string, all map[string]redisRecord) error {
	encoder := json.NewEncoder(w)
	slices.Sort(keys)
	for _, key := range keys {
		if err := encoder.Encode(newCopyLine(key, all[key])); err != nil {
			return err
		}
		c.revisions[key] = all[key].Revision
		c.lines++
	}
	return nil
}
