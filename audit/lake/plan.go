package lake

// Plan says, before a search begins, what it looks at. If the query names a trace or a value, the
// ends of most files suffice to rule them out.
type Plan struct {
	Partitions int   // that have files
	Files      int   // in them
	Bytes      int64 // of these
}

func planOf(partitions []*partition) (p Plan) {
	for _, partition := range partitions {
		if len(partition.files) > 0 {
			p.Partitions++
		}
		p.Files += len(partition.files)
		for _, f := range partition.files {
			p.Bytes += f.size
		}
	}
	return p
}
