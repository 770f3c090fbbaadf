package s3

// ends keeps the ends of files, by name, ETag and size.
type ends interface {
	load(key string) []byte // nil where there is none
	save(key string, end []byte)
}
