package read

import "slices"

// wantedIDs says which values a row must have, by their IDs in the dictionary.
type wantedIDs struct {
	must []uint32        // the row must have all of these
	any  map[uint32]bool // the row must have one of these; nil: no such condition
}

// wanted looks up the values of q in the dictionary. The result possible is false if no row of the
// row group can match.
func (c *column) wanted(q *Filter) (want wantedIDs, possible bool, err error) {
	d, err := c.dictionary()
	if err != nil {
		return want, false, err
	}
	must := slices.Clone(q.Values)
	for _, pair := range q.Pairs {
		must = append(must, pair[1])
	}
	for _, value := range must {
		id, ok := d.find(value)
		if !ok {
			return want, false, nil
		}
		want.must = append(want.must, id)
	}
	if len(q.AnyValue) > 0 {
		want.any = d.findAll(q.AnyValue)
	}
	return want, len(q.AnyValue) == 0 || len(want.any) > 0, nil
}

func (w *wantedIDs) in(ids []uint32) bool {
	for _, id := range w.must {
		if !slices.Contains(ids, id) {
			return false
		}
	}
	return w.any == nil || slices.ContainsFunc(ids, func(id uint32) bool { return w.any[id] })
}
