// Hands the browser over to the cashier. Without JavaScript the button on the page does the same.
document.getElementById("handshake").submit();
