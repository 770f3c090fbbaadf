package lake

// Plan says what a search looks at, before it begins. Most of the files are ruled out by their
// ends alone, where the query names a trace or a value.
type Plan struct {
	Partitions int   // that have files
	Files      int   // in them
	Bytes      int64 // of these
}

func planOf(partitions []*partition) (p Plan) {
	for _, of := range partitions {
		if len(of.files) > 0 {
			p.Partitions++
		}
		p.Files += len(of.files)
		for _, f := range of.files {
			p.Bytes += f.size
		}
	}
	return p
}
