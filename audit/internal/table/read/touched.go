package read

import "example.com/clew/audit/internal/table"

// Touched looks for the values in q.AnyValue. For each value that is in the row group, it returns
// the trace IDs of rows with this value, as many as limit allows. Touched leaves out rows without
// a trace, and row groups outside of q's range. Other fields of q have no effect.
func (g *Group) Touched(q *Filter, limit int) (map[string][]string, error) {
	s := search{Group: g, filter: q}
	possible, err := s.possible()
	if err != nil || !possible {
		return nil, err
	}
	c, err := g.column(table.ContextValue, nil)
	if err != nil {
		return nil, err
	}
	d, err := c.dictionary()
	if err != nil {
		return nil, err
	}
	rows := map[uint32][]uint32{}
	for id := range d.findAll(q.AnyValue) {
		rows[id] = nil
	}
	if len(rows) == 0 {
		return nil, nil
	}
	for row := range g.rows {
		if err := c.seek(row); err != nil {
			return nil, err
		}
		for _, id := range c.of(row) {
			if of, ok := rows[id]; ok {
				rows[id] = append(of, uint32(row))
			}
		}
	}
	traces, err := g.column(table.TraceID, nil)
	if err == nil {
		_, err = traces.dictionary()
	}
	if err != nil {
		return nil, err
	}
	touched := map[string][]string{}
	for id, of := range rows {
		ids, err := traces.again(of).distinct(limit)
		if err != nil {
			return nil, err
		}
		touched[string(d.at(id))] = ids
	}
	return touched, nil
}

// distinct returns the distinct strings of the wanted rows, as many as limit allows.
func (c *column) distinct(limit int) (all []string, err error) {
	last, some := uint32(0), false
	for _, row := range c.want {
		if err := c.seek(int64(row)); err != nil {
			return nil, err
		}
		id := c.of(int64(row))[0]
		if some && id == last {
			continue
		}
		last, some = id, true
		if s := string(c.dict.at(id)); s != "" {
			all = append(all, s)
		}
		if len(all) == limit {
			break
		}
	}
	return all, nil
}
