package allowed

func starts() {
	go starts()
	starts()
}
