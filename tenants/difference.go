package tenants

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// A step is one document that differs from the snapshot before.
type step struct {
	kind Kind
	name string
	doc  *Document // nil when the document is gone
}

// documentName names a document in maps.
type documentName struct {
	kind Kind
	name string
}

// difference lists what is not in the snapshot as the store has it. With many documents of which few have changed it
// costs a look at each.
func difference[S, A, R any](prev *snapshot[S, A, R], docs []Document) []step {
	touched := map[documentName][]*Document{}
	known := 0 // how many of docs are in the snapshot, whatever their text
	for i := range docs {
		doc := &docs[i]
		was := prev.document(doc.Kind, doc.Name)
		if was != nil {
			known++
		}
		if doc.Kind.Valid() && (was == nil || !same(was, doc)) {
			touched[documentName{doc.Kind, doc.Name}] = nil
		}
	}
	if len(touched) > 0 {
		for i := range docs { // all that bear those names, also the one that is as it was
			name := documentName{docs[i].Kind, docs[i].Name}
			if _, ok := touched[name]; ok {
				touched[name] = append(touched[name], &docs[i])
			}
		}
	}
	var steps []step
	for name, all := range touched {
		doc, was := all[0], prev.document(name.kind, name.name)
		if len(all) > 1 {
			doc = twins(all)
		}
		if was != nil {
			known -= len(all) - 1
		}
		if was == nil || !same(was, doc) {
			steps = append(steps, step{kind: name.kind, name: name.name, doc: doc})
		}
	}
	if known < prev.length() {
		steps = append(steps, vanished(prev, docs)...)
	}
	return steps
}

// vanished lists the documents of the snapshot that are no longer there.
func vanished[S, A, R any](prev *snapshot[S, A, R], docs []Document) []step {
	there := make(map[documentName]struct{}, len(docs))
	for i := range docs {
		there[documentName{docs[i].Kind, docs[i].Name}] = struct{}{}
	}
	var steps []step
	for _, kind := range Kinds() {
		for doc := range prev.documents(kind) {
			if _, ok := there[documentName{kind, doc.Name}]; !ok {
				steps = append(steps, step{kind: kind, name: doc.Name})
			}
		}
	}
	return steps
}

// twins makes one faulty document of several with the same name.
func twins(all []*Document) *Document {
	paths := make([]string, len(all))
	revision := int64(0)
	for i, doc := range all {
		paths[i] = doc.Path
		revision = max(revision, doc.Revision)
	}
	slices.Sort(paths)
	return &Document{
		Kind: all[0].Kind, Name: all[0].Name, Path: paths[0], Revision: revision,
		Fault: fmt.Sprintf("there is also %s with the same name; remove all but one", strings.Join(paths[1:], " and ")),
	}
}

func same(a, b *Document) bool {
	return a.Revision == b.Revision && a.Path == b.Path && a.Fault == b.Fault && bytes.Equal(a.Text, b.Text)
}
