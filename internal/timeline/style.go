package timeline

// Style is the look of the text views. The zero value is for files and pipes: no text is cut, and
// there are no escape codes.
type Style struct {
	// Width is the number of columns. Longer rows are cut. Of many similar spans, and of messages
	// with many lines, only the first are shown. The end of the view states how many are hidden.
	// If Width is 0, nothing is cut or hidden.
	Width  int
	Colour bool
	UI     string // Zipkin's address, for links to traces that Zipkin has; "": none
}
