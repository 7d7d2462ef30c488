package view

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"

	"atrium/clients/rawjson"
)

// loop appends the list that a $each makes; null when what it goes over is null.
func (e *eval) loop(ctx context.Context, l *loop, dst []byte) ([]byte, error) {
	rows, isNull, err := e.over(ctx, l)
	if err != nil {
		return dst, fmt.Errorf("%s: %w", l.place, err)
	}
	if isNull {
		return append(dst, null...), nil
	}
	limit, err := e.limit(ctx, l)
	if err != nil {
		return dst, err
	}
	dst = append(dst, '[')
	if len(l.sort) > 0 {
		dst, err = e.sorted(ctx, l, rows, limit, dst)
		return append(dst, ']'), err
	}
	for i, made := 0, 0; i < rows.Len() && made < limit; i++ {
		e.enter(l, rows.At(i))
		holds, err := e.turn(ctx, l, len(dst))
		if err != nil {
			return dst, err
		}
		if !holds {
			continue
		}
		if made > 0 {
			dst = append(dst, ',')
		}
		if dst, err = e.run(ctx, l.body, dst); err != nil {
			return dst, err
		}
		made++
	}
	return append(dst, ']'), nil
}

// over returns the rows that a loop goes over.
func (e *eval) over(ctx context.Context, l *loop) (rows rawjson.Rows, isNull bool, err error) {
	var row rawjson.Row
	var list []byte
	if l.outer >= 0 {
		row = e.rows[l.outer]
		list = e.pick(&l.list)
	} else {
		if list, err = e.raw(ctx, &code{ops: []op{l.list}}); err != nil {
			return rows, false, err
		}
		if list == nil {
			list = null
		}
		if row, err = e.scanners[l.scanner].Scan(l.own, list); err != nil {
			return rows, false, err
		}
	}
	switch kind := rawjson.Kind(list); {
	case rawjson.IsNull(list):
		return rows, true, nil
	case kind == rawjson.Array && !l.pairs, kind == rawjson.Object && l.pairs:
		rows, _ = row.Rows(l.rows)
		return rows, false, nil
	case l.pairs:
		return rows, false, fmt.Errorf("$each wants an object: %w", errShape)
	}
	return rows, false, fmt.Errorf("$each wants a list: %w", errShape)
}

// enter gives the loop's names the values of one element.
func (e *eval) enter(l *loop, row rawjson.Row) {
	e.rows[l.element.row] = row
	e.env[l.slot] = row.Value()
	if l.keySlot >= 0 {
		e.env[l.keySlot] = row.Key()
	}
}

// turn counts a turn and reports whether the element that was entered belongs into the list.
func (e *eval) turn(ctx context.Context, l *loop, made int) (bool, error) {
	e.turns++
	switch {
	case e.turns > maxTurns:
		return false, errTurns
	case made > maxBytes:
		return false, errTooLarge
	case e.turns%1024 == 0 && ctx.Err() != nil:
		return false, context.Cause(ctx)
	case l.where == nil:
		return true, nil
	}
	return l.where.Bool(ctx, e.env)
}

func (e *eval) limit(ctx context.Context, l *loop) (int, error) {
	if l.limit == nil {
		return math.MaxInt, nil
	}
	raw, err := e.raw(ctx, l.limit)
	if err != nil || rawjson.IsNull(raw) {
		return math.MaxInt, err
	}
	n, err := strconv.ParseInt(string(raw), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s: $limit wants an integer: %w", l.place, errShape)
	}
	return int(max(n, 0)), nil
}

// A pick is an element that is to be sorted.
type pick struct {
	row  rawjson.Row
	keys [][]byte
}

func (e *eval) sorted(ctx context.Context, l *loop, rows rawjson.Rows, limit int, dst []byte) ([]byte, error) {
	var picks []pick
	keys := make([][]byte, 0, min(rows.Len(), maxTurns)*len(l.sort))
	for i := range rows.Len() {
		e.enter(l, rows.At(i))
		holds, err := e.turn(ctx, l, len(dst))
		if err != nil {
			return dst, err
		}
		if !holds {
			continue
		}
		from := len(keys)
		for k := range l.sort {
			key, err := e.raw(ctx, &l.sort[k].by)
			if err != nil {
				return dst, err
			}
			keys = append(keys, key)
		}
		picks = append(picks, pick{rows.At(i), keys[from:len(keys):len(keys)]})
	}
	slices.SortStableFunc(picks, func(a, b pick) int {
		for k := range l.sort {
			if c := compare(a.keys[k], b.keys[k], l.sort[k].desc); c != 0 {
				return c
			}
		}
		return 0
	})
	for i := range picks[:min(limit, len(picks))] {
		if i > 0 {
			dst = append(dst, ',')
		}
		e.enter(l, picks[i].row)
		var err error
		if dst, err = e.run(ctx, l.body, dst); err != nil {
			return dst, err
		}
	}
	return dst, nil
}
