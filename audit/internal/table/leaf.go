package table

import (
	"bytes"
	"runtime/debug"
	"sync"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// leaf is a column of the schema.
type leaf struct {
	kind format.Type
	path []string
}

// elements returns the schema as the footer contains it. It takes the schema from an empty file
// that parquet-go writes.
var elements = sync.OnceValue(func() []format.SchemaElement {
	var empty bytes.Buffer
	w := parquet.NewWriter(&empty, Schema)
	err := w.Close()
	if err == nil {
		var f *parquet.File
		if f, err = parquet.OpenFile(bytes.NewReader(empty.Bytes()), int64(empty.Len())); err == nil {
			return f.Metadata().Schema
		}
	}
	panic("table: the schema: " + err.Error()) // cannot happen: the schema is a constant, and a test uses it
})

// schema returns the columns.
var schema = sync.OnceValue(func() []leaf {
	var leaves []leaf
	for _, path := range Schema.Columns() {
		column, _ := Schema.Lookup(path...)
		leaves = append(leaves, leaf{format.Type(column.Node.Type().Kind()), path})
	}
	return leaves
})

// version returns the version of the module of this package, or "devel" if it has none.
var version = sync.OnceValue(func() string {
	const module = "example.com/clew/audit"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "devel"
	}
	for _, m := range append([]*debug.Module{&info.Main}, info.Deps...) {
		if m.Path == module && m.Version != "" && m.Version != "(devel)" {
			return m.Version
		}
	}
	return "devel"
})
