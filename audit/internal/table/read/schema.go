package read

import "fmt"

// element is an element of the schema. A footer contains the schema as a flat list of elements.
type element struct {
	name       string
	repetition int64 // 0 required, 2 repeated
	children   int64
	kind       int64 // 2 is INT64, 6 BYTE_ARRAY
}

// layout is table.Schema as a list of elements, without the root.
var layout = [...]element{
	{"timestamp", 0, 0, 2},
	{"trace_id", 0, 0, 6},
	{"app", 0, 0, 6},
	{"message", 0, 0, 6},
	{"context", 0, 1, -1},
	{"key_value", 2, 2, -1},
	{"key", 0, 0, 6},
	{"value", 0, 0, 6},
	{"trace_names", 0, 1, -1},
	{"list", 2, 1, -1},
	{"element", 0, 0, 6},
}

func checkSchema(schema []element) error {
	if len(schema) != len(layout)+1 {
		return fmt.Errorf("not a table of audit events: %d elements in its schema", len(schema))
	}
	for i, want := range layout {
		if schema[i+1] != want {
			return fmt.Errorf("not a table of audit events: %.40q in its schema", schema[i+1].name)
		}
	}
	return nil
}

func (c *compact) element() (e element) {
	e.kind = -1
	c.fields(func(id int, kind byte) bool {
		switch {
		case id == 1 && kind == kindI32:
			e.kind = c.int()
		case id == 3 && kind == kindI32:
			e.repetition = c.int()
		case id == 4 && kind == kindBinary:
			e.name = string(c.bytes())
		case id == 5 && kind == kindI32:
			e.children = c.int()
		default:
			return false
		}
		return true
	})
	return e
}
