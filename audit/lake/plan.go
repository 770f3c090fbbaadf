package lake

// Plan says what a search will look at. The search makes its Plan before it reads the first file.
// If the query names a trace or a value, the search excludes most files after it has read only
// their ends.
type Plan struct {
	Partitions int   // partitions that have files
	Files      int   // the files in these partitions
	Bytes      int64 // the bytes of these files
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
