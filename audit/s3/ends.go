package s3

// ends keeps the ends of files, by name, ETag and size.
type ends interface {
	load(key string) []byte // nil where there is none
	save(key string, end []byte)
}

// newEnds returns the ends of a directory, or those in memory where cache is "".
func newEnds(cache string) (ends, error) {
	if cache == "" {
		return newMemory(), nil
	}
	return newDisk(cache)
}
