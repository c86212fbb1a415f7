-- Optional, for the DBA: whoever changes a user's amounts has to set the user to `new`. This trigger does it for them.
-- It looks at the amounts only, so the daemon's own updates pass it by.
-- The table is in the schema `public` here: write yours in its place, four times.
CREATE OR REPLACE FUNCTION public.cardgenius_new_spending_sets_new() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    NEW.processing_status := 'new';
    NEW.processing_error := NULL;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION public.cardgenius_new_spending_sets_new() FROM PUBLIC;

CREATE TRIGGER cardgenius_new_spending_sets_new
BEFORE UPDATE OF avg_amazon_gmv, avg_flipkart_gmv, avg_myntra_gmv, avg_ajio_gmv, avg_grocery_gmv, avg_confirmed_gmv
ON public.user_spending_data
FOR EACH ROW
WHEN ((OLD.avg_amazon_gmv, OLD.avg_flipkart_gmv, OLD.avg_myntra_gmv, OLD.avg_ajio_gmv, OLD.avg_grocery_gmv, OLD.avg_confirmed_gmv)
    IS DISTINCT FROM
    (NEW.avg_amazon_gmv, NEW.avg_flipkart_gmv, NEW.avg_myntra_gmv, NEW.avg_ajio_gmv, NEW.avg_grocery_gmv, NEW.avg_confirmed_gmv))
EXECUTE FUNCTION public.cardgenius_new_spending_sets_new();
