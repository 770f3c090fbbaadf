package recipes_test

// flushed is closed when flush has run.
var flushed = make(chan struct{})

func flush() { close(flushed) }

// What docs/strict.md shows of a goroutine that is meant. clewvet -nakedgo -tests reports it without the comment.
func Example_meant() {
	go flush() //clewvet:ignore it serves no request: the ticker is the program's own
	<-flushed
	// Output:
}
