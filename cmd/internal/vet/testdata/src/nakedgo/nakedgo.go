package nakedgo

func starts() {
	go starts() // want `go statement: use workerpool.Go\(ctx, …\)`
	starts()
}
