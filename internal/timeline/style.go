package timeline

// Style is how the text views look. The zero value is for files and pipes: nothing is cut, and
// there are no escape codes.
type Style struct {
	// Width is how many columns there are. What is longer is cut, and of many spans alike, and of
	// messages with many lines, the first are shown. The end says what is not. 0: cut nothing.
	Width  int
	Colour bool
	UI     string // Zipkin's address, for links to traces that it has; "": none
}
