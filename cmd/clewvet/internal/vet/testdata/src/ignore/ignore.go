package ignore

func ignores() {
	//clewvet:ignore the reason

	/* want `//clewvet:ignore without a reason: say why` */ //clewvet:ignore
	//clewvet:ignorant is another word
}
