package s3

// ends keeps the ends of files. The end of a file is its last bytes: see endSize. A key consists
// of the store's URL, and the file's name, ETag and size.
type ends interface {
	load(key string) []byte // nil: there is no end for key
	save(key string, end []byte)
}

// newEnds returns ends that are kept in the directory cache, or in memory if cache is "".
func newEnds(cache string) (ends, error) {
	if cache == "" {
		return newMemory(), nil
	}
	return newDisk(cache)
}
