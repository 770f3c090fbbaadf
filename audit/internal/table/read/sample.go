package read

import "example.com/clew/audit/internal/table"

// Sample counts the rows of a row group by app, and its pairs by key.
type Sample struct {
	Rows int64
	Apps map[string]int64 // the number of rows of each app
	Keys map[string]KeySample
}

// KeySample counts the pairs of a key in a row group.
type KeySample struct {
	Pairs    int64
	Bytes    int64 // the total length of the values as strings
	Distinct int64 // distinct values
}

// Sample counts the rows and pairs of the row group. It reads three whole columns.
func (g *Group) Sample() (*Sample, error) {
	s := &Sample{Rows: g.rows, Apps: map[string]int64{}, Keys: map[string]KeySample{}}
	apps, err := g.column(table.App, nil)
	if err != nil {
		return nil, err
	}
	keys, err := g.column(table.ContextKey, nil)
	if err != nil {
		return nil, err
	}
	values, err := g.column(table.ContextValue, nil)
	if err != nil {
		return nil, err
	}
	rows := map[uint32]int64{}
	pairs := map[uint32]*KeySample{}
	seen := map[[2]uint32]bool{}
	for row := range s.Rows {
		for _, c := range []*column{apps, keys, values} {
			if err := c.seek(row); err != nil {
				return nil, err
			}
		}
		rows[apps.of(row)[0]]++
		ids := values.of(row)
		if len(ids) != len(keys.of(row)) {
			return nil, errPage
		}
		for i, key := range keys.of(row) {
			k := pairs[key]
			if k == nil {
				k = new(KeySample)
				pairs[key] = k
			}
			k.Pairs++
			k.Bytes += int64(len(values.dict.at(ids[i])))
			if at := [2]uint32{key, ids[i]}; !seen[at] {
				seen[at] = true
				k.Distinct++
			}
		}
	}
	for id, n := range rows {
		s.Apps[string(apps.dict.at(id))] = n
	}
	for id, k := range pairs {
		s.Keys[string(keys.dict.at(id))] = *k
	}
	return s, nil
}
