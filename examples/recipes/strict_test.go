package recipes_test

// flushed is closed when flush runs.
var flushed = make(chan struct{})

func flush() { close(flushed) }

// This goroutine is intended, as docs/strict.md shows. Without the comment, clewvet -nakedgo
// -tests would report it.
func Example_meant() {
	go flush() //clewvet:ignore it serves no request: the ticker is the program's own
	<-flushed
	// Output:
}
